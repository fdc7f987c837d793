import { unlessAborted } from '../types/unlessAborted.ts';

/** The right to have one task process at work. Whoever holds one may give it back for a while. */
export interface Slot {
  /** Gives it back: from now on another task may have it. */
  give(): void;
  /**
   * Takes one again, before any new task gets one; a pause does not stop it.
   * @throws the reason of `signal` when that is aborted first; then the slot stays given.
   */
  take(signal: AbortSignal): Promise<void>;
}

/** What a slot asks of the queue that it belongs to. */
export interface SlotPorts {
  /** Frees the slot. */
  readonly free: () => void;
  /** Gets it back; returns a function that ends the wait. */
  readonly claim: (granted: () => void) => () => void;
}

/** A slot of one task, held from the start. */
export class TaskSlot implements Slot {
  readonly #ports: SlotPorts;
  #isHeld = true;

  constructor(ports: SlotPorts) {
    this.#ports = ports;
  }

  give(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#ports.free();
  }

  async take(signal: AbortSignal): Promise<void> {
    if (this.#isHeld) return;
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#ports.claim(() => { this.#isHeld = true; resolve(undefined); });
    await unlessAborted(promise, signal, (reason) => {
      // What was granted a moment before the abort is kept, and given back by whoever holds it.
      if (!this.#isHeld) cancel();
      return reason;
    });
  }
}
