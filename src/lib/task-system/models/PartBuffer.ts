import type { JsonValue } from '../types/Json.ts';
import type { ModelParts } from '../types/ModelCalls.ts';
import type { EncodedPart } from './parts.ts';

/** How much is read ahead of a task that does not ask for more. */
const HIGH_WATER_BYTES = 256 * 1024;
/** How much one answer carries: others of the same task get through in between. */
const BATCH_BYTES = 64 * 1024;

/** The parts of a stream between the provider and the task, each at its own pace. */
export class PartBuffer {
  readonly #parts: EncodedPart[] = [];
  #bytes = 0;
  #isEnded = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  /** Whether somebody waits for more. */
  get isAwaited(): boolean {
    return this.#wakeReader !== undefined;
  }

  /** Adds a part; resolves when there is room for the next one. */
  async push(part: EncodedPart): Promise<void> {
    if (this.#isEnded) return;
    this.#parts.push(part);
    this.#bytes += part.bytes;
    this.#wakeReader?.();
    if (this.#bytes < HIGH_WATER_BYTES) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#wakeWriter = () => { resolve(undefined); };
    await promise;
  }

  /** Nothing more will come. */
  end(): void {
    this.#isEnded = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  /** What there is, or what comes next; one may wait at a time. */
  async take(): Promise<ModelParts> {
    if (this.#parts.length === 0 && !this.#isEnded) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wakeReader = () => { resolve(undefined); };
      await promise;
      this.#wakeReader = undefined;
    }
    const parts: JsonValue[] = [];
    let bytes = 0;
    for (let next = this.#parts[0]; next !== undefined && bytes < BATCH_BYTES; next = this.#parts[0]) {
      parts.push(next.value);
      bytes += next.bytes;
      this.#parts.shift();
    }
    this.#bytes -= bytes;
    if (this.#bytes < HIGH_WATER_BYTES) {
      this.#wakeWriter?.();
      this.#wakeWriter = undefined;
    }
    return { parts, isDone: this.#isEnded && this.#parts.length === 0 };
  }
}
