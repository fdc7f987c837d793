import type { Clock } from '../types/Ports.ts';
import type { Task } from '../types/Task.ts';
import type { BoundHook } from './HookList.ts';

interface OpenCall {
  readonly controller: AbortController;
  giveUp(reason: Error): void;
}

/** Calls hooks with a time limit and an abort signal, and knows which calls are under way. */
export class HookCalls {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #open = new Set<OpenCall>();
  #refusal: Error | undefined;
  #idle = Promise.withResolvers<void>();

  /** @param timeoutMs how long one hook may take, in milliseconds. */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    if (this.#open.size > 0) await this.#idle.promise;
  }

  /** Calls one hook and waits for it; resolves with what it returned. Rejects with what it threw, with a `TimeoutError` when it took too long, or as `giveUp` says. */
  async call(hook: BoundHook, task: Task): Promise<unknown> {
    if (this.#refusal !== undefined) throw this.#refusal;
    const controller = new AbortController();
    const returned = hook.call({ task, signal: controller.signal });
    // A hook that is over already needs no timer.
    return isThenable(returned) ? await this.#bounded(returned, controller) : returned;
  }

  /** Aborts the signal of every call under way (they may still finish) and refuses further calls. */
  abort(reason: Error): void {
    this.#refusal = reason;
    for (const { controller } of [...this.#open]) controller.abort(reason);
  }

  /** Ends the wait for every call under way: `call` rejects with `reason`, whatever the hook still does. */
  giveUp(reason: Error): void {
    for (const open of [...this.#open]) open.giveUp(reason);
  }

  async #bounded(returned: PromiseLike<unknown>, controller: AbortController): Promise<unknown> {
    const givenUp = Promise.withResolvers<never>();
    const open: OpenCall = { controller, giveUp: givenUp.reject };
    const timer = this.#clock.setTimer(this.#timeoutMs, () => {
      const error = new DOMException(`The hook took longer than ${String(this.#timeoutMs)} ms.`, 'TimeoutError');
      // Rejected before the signal fires: a hook that resolves on its signal is late all the same.
      givenUp.reject(error);
      controller.abort(error);
    });
    this.#open.add(open);
    try {
      return await Promise.race([returned, givenUp.promise]);
    } finally {
      timer.cancel();
      this.#ended(open);
    }
  }

  #ended(open: OpenCall): void {
    this.#open.delete(open);
    if (this.#open.size > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
