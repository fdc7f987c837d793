import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { deserializeError, TaskSystemError } from '../../types/Errors.ts';
import type { Logger } from '../../types/Ports.ts';
import type { EngineSettings } from './Engine.ts';
import type { Reply, StoreChannel, StoreIdentity, StoreOp, ThreadAnswer } from './wire.ts';

interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

const YOUNG_GENERATION_MB = 32;

/** Starts a thread that owns the database and waits until it is open. Throws what opening threw there. */
export async function openThreadChannel(entry: URL, settings: EngineSettings, logger: Logger | undefined): Promise<StoreChannel> {
  const worker = new Worker(entry, {
    name: 'task-system-store',
    workerData: settings,
    // Nothing of the host's: its loaders and preloaded modules would run in the thread as well, and its secrets are not needed there.
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Batches are short-lived: left to itself V8 gives them 64 MB and does not take it back.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  return new ThreadChannel(worker, await opened(worker), logger);
}

async function opened(worker: Worker): Promise<StoreIdentity> {
  const over = new AbortController();
  try {
    const first = once(worker, 'message', over).then(([message]: readonly ThreadAnswer[]) => message, (error: unknown) => {
      throw lostError('It could not start', error);
    });
    const exit = once(worker, 'exit', over).then(([code]) => { throw lostError(`It ended with code ${String(code)} before the database was open`); });
    const answer = await Promise.race([first, exit]);
    if (answer?.type === 'opened') return answer;
    throw answer?.type === 'failed' ? deserializeError(answer.error) : lostError('It spoke out of turn');
  } finally {
    over.abort();
  }
}

/** An engine in a thread of its own. The thread keeps the process alive only while an answer is awaited. */
class ThreadChannel implements StoreChannel {
  readonly epoch: string;
  readonly openingOffset: number;
  readonly #worker: Worker;
  readonly #logger: Logger | undefined;
  readonly #exited: Promise<void>;
  /** One for each batch that was sent and not answered yet, oldest first. */
  readonly #waiters: Waiter<readonly Reply[]>[] = [];
  /** Why the thread is gone, once it is; `closed` when it was asked to go. */
  #end: TaskSystemError | 'closing' | undefined;
  #closeError: Error | undefined;

  constructor(worker: Worker, identity: StoreIdentity, logger: Logger | undefined) {
    this.epoch = identity.epoch;
    this.openingOffset = identity.openingOffset;
    this.#worker = worker;
    this.#logger = logger;
    worker.on('message', (answer: ThreadAnswer) => { this.#receive(answer); });
    worker.on('messageerror', (error) => { this.#lose('An answer cannot be read', error); });
    worker.on('error', (error) => { this.#lose('It failed', error); });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#lose(`It ended with code ${String(code)}`);
        resolve();
      });
    });
    worker.unref();
  }

  send(ops: readonly StoreOp[]): Promise<readonly Reply[]> {
    if (this.#end instanceof TaskSystemError) return Promise.reject(this.#end);
    if (this.#waiters.length === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(ops);
      this.#waiters.push({ resolve, reject });
    });
  }

  async close(): Promise<void> {
    if (this.#end === undefined) {
      this.#end = 'closing';
      this.#worker.ref();
      this.#worker.postMessage('close');
    }
    await this.#exited;
    if (this.#closeError !== undefined) throw this.#closeError;
  }

  #receive(answer: ThreadAnswer): void {
    if (answer.type === 'failed') this.#closeError = deserializeError(answer.error);
    if (answer.type !== 'replies') return;
    for (const replies of answer.batches) this.#waiters.shift()?.resolve(replies);
    if (this.#waiters.length === 0 && this.#end === undefined) this.#worker.unref();
  }

  /** The first cause stands. After an orderly end there is nobody left to tell. */
  #lose(what: string, cause?: unknown): void {
    if (this.#end instanceof TaskSystemError) return;
    const wasClosing = this.#end === 'closing' && this.#waiters.length === 0;
    const error = lostError(what, cause);
    this.#end = error;
    if (!wasClosing) this.#logger?.error('The thread of the task database is gone', { error });
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}

function lostError(what: string, cause?: unknown): TaskSystemError {
  return new TaskSystemError('STORE_FAILED', `The thread of the database is gone. ${what}`, {}, cause === undefined ? {} : { cause });
}
