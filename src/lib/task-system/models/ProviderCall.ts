import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { TaskSystemError } from '../types/Errors.ts';
import type { ResolvedModel } from '../types/Models.ts';
import type { Clock, Timer } from '../types/Ports.ts';
import { unlessAborted } from '../types/unlessAborted.ts';
import { readFailure, toError, type Failure } from './failures.ts';
import type { ModelGate } from './ModelGate.ts';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 20_000;
/** Parts that come before a model has said anything. */
const PREAMBLE = ['stream-start', 'response-metadata', 'ping', 'raw'];

/** What a call of a provider works with. */
export interface ProviderPorts {
  readonly model: LanguageModelV4;
  readonly settings: ResolvedModel;
  readonly gate: ModelGate;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A stream that has begun: what came so far, and the rest. */
export interface BegunStream {
  readonly head: readonly LanguageModelV4StreamPart[];
  readonly rest: ReadableStreamDefaultReader<LanguageModelV4StreamPart>;
}

/** One call of a provider: in line with the others, repeated where that may help, within its time. */
export class ProviderCall {
  readonly #ports: ProviderPorts;
  /** Ends what is under way: the caller has gone, or time is up. */
  readonly #stop = new AbortController();
  readonly #started: number;
  readonly #total: Timer;
  readonly #leaveOuter: () => void;
  #leaveGate: (() => void) | undefined;
  #attempts = 0;
  #firstTokenMs: number | undefined;

  constructor(ports: ProviderPorts, signal: AbortSignal) {
    const { clock, settings } = ports;
    this.#ports = ports;
    this.#started = clock.now();
    this.#total = clock.setTimer(settings.totalMs, () => { this.#timeOut('totalMs', settings.totalMs); });
    const abort = (): void => { this.#stop.abort(signal.reason); };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    this.#leaveOuter = () => { signal.removeEventListener('abort', abort); };
  }

  /** How often the provider was asked. */
  get attempts(): number {
    return this.#attempts;
  }

  get durationMs(): number {
    return this.#ports.clock.now() - this.#started;
  }

  get firstTokenMs(): number | undefined {
    return this.#firstTokenMs;
  }

  /** The whole answer. */
  generate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    return this.#repeat((abortSignal) => Promise.resolve(this.#ports.model.doGenerate({ ...options, abortSignal })));
  }

  /** The answer from its first part on. What fails later is not repeated: the task has seen the beginning. */
  stream(options: LanguageModelV4CallOptions): Promise<BegunStream> {
    return this.#repeat((abortSignal) => this.#begin({ ...options, abortSignal }));
  }

  /** The next part of a stream that has begun. @throws TaskSystemError as the call itself. */
  async next(reader: BegunStream['rest']): Promise<LanguageModelV4StreamPart | undefined> {
    try {
      const { done, value } = await this.unlessStopped(reader.read());
      return done ? undefined : value;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Waits for something as long as the call is not stopped: not every model heeds the signal it is given. @throws why it was stopped. */
  unlessStopped<Value>(work: Promise<Value>): Promise<Value> {
    return unlessAborted(work, this.#stop.signal);
  }

  /** What an error that came as a part of the stream means. */
  explainPart(error: unknown): TaskSystemError {
    const { settings, clock } = this.#ports;
    return toError(readFailure(error, settings, clock.now()), settings, this.#attempts);
  }

  /** Lets go of everything. Call it when the answer is over, however it ended. */
  end(): void {
    this.#total.cancel();
    this.#leaveOuter();
    this.#leaveGate?.();
    this.#leaveGate = undefined;
    this.#stop.abort(new DOMException('the call is over', 'AbortError'));
  }

  async #repeat<Answer>(ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const { gate, clock, settings, random } = this.#ports;
    for (;;) {
      this.#leaveGate?.();
      this.#leaveGate = undefined;
      this.#leaveGate = await gate.enter(this.#stop.signal);
      this.#attempts++;
      try {
        return await this.unlessStopped(ask(this.#stop.signal));
      } catch (error) {
        const failure = this.#stop.signal.aborted ? undefined : readFailure(error, settings, clock.now());
        if (failure === undefined || !this.#mayRepeat(failure)) throw this.#explain(error);
        const waitMs = failure.retryAfterMs ?? random() * Math.min(FIRST_WAIT_MS * 2 ** (this.#attempts - 1), MAX_WAIT_MS);
        // Asked to wait, all tasks do; a failure of this call alone holds up nobody else.
        if (failure.retryAfterMs !== undefined) gate.close(waitMs);
        this.#leaveGate();
        this.#leaveGate = undefined;
        await this.#sleep(waitMs);
      }
    }
  }

  #mayRepeat({ isRetryable, retryAfterMs = 0 }: Failure): boolean {
    const { maxAttempts, maxRetryAfterMs } = this.#ports.settings;
    return isRetryable && this.#attempts < maxAttempts && retryAfterMs <= maxRetryAfterMs;
  }

  async #begin(options: LanguageModelV4CallOptions): Promise<BegunStream> {
    const { clock, settings, model } = this.#ports;
    const timer = clock.setTimer(settings.firstTokenMs, () => { this.#timeOut('firstTokenMs', settings.firstTokenMs); });
    try {
      const { stream } = await this.unlessStopped(Promise.resolve(model.doStream(options)));
      const rest = stream.getReader();
      const head: LanguageModelV4StreamPart[] = [];
      for (;;) {
        const { done, value } = await this.unlessStopped(rest.read());
        if (done) break;
        if (value.type === 'error') throw asThrown(value.error);
        head.push(value);
        if (!PREAMBLE.includes(value.type)) break;
      }
      this.#firstTokenMs = this.durationMs;
      return { head, rest };
    } finally {
      timer.cancel();
    }
  }

  #timeOut(limit: 'firstTokenMs' | 'totalMs', ms: number): void {
    const { name } = this.#ports.settings;
    this.#stop.abort(new TaskSystemError('MODEL_TIMEOUT', `The model "${name}": ${limit} is ${String(ms)}`, { model: name, limit, ms }));
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#ports.clock.setTimer(ms, () => { resolve(undefined); });
    try {
      await this.unlessStopped(promise);
    } finally {
      timer.cancel();
    }
  }

  /** Why the call failed: what stopped it, if it was stopped. */
  #explain(error: unknown): unknown {
    if (this.#stop.signal.aborted) return this.#stop.signal.reason;
    return this.explainPart(error);
  }
}

function asThrown(error: unknown): Error {
  return error instanceof Error ? error : new TypeError(typeof error === 'string' ? error : 'the model told of an error');
}
