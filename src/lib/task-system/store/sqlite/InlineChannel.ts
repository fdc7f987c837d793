import type { Engine } from './Engine.ts';
import type { Reply, StoreChannel, StoreOp } from './wire.ts';

/** An engine in this very thread: a commit holds the event loop up for as long as the disk takes. */
export class InlineChannel implements StoreChannel {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get epoch(): string {
    return this.#engine.epoch;
  }

  get openingOffset(): number {
    return this.#engine.openingOffset;
  }

  send(ops: readonly StoreOp[]): Promise<readonly Reply[]> {
    return Promise.resolve(this.#engine.run(ops));
  }

  close(): Promise<void> {
    return Promise.resolve().then(() => { this.#engine.close(); });
  }
}
