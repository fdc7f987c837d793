import type PQueue from 'p-queue';

/** A lane as far as slots are concerned. */
interface SlotLane {
  readonly settings: { readonly maxConcurrent: number };
  readonly queue: PQueue;
  /** Slots in use. */
  running: number;
}

/** A task that wants its slot again. */
interface Returning<Lane> {
  readonly lane: Lane;
  readonly granted: () => void;
}

/** The slots of all lanes, and those who gave one back and want one again: they go before anything new, in their order. */
export class Slots<Lane extends SlotLane> {
  readonly #maxConcurrent: number;
  readonly #onFree: (lane: Lane) => void;
  readonly #returning = new Set<Returning<Lane>>();
  #running = 0;

  /** @param onFree is called when a lane has lost a slot, before anybody else gets it. */
  constructor(maxConcurrent: number, onFree: (lane: Lane) => void) {
    this.#maxConcurrent = maxConcurrent;
    this.#onFree = onFree;
  }

  /** Slots in use. */
  get running(): number {
    return this.#running;
  }

  /** Whether there is one left. */
  get hasFree(): boolean {
    return this.#running < this.#maxConcurrent;
  }

  /** Counts one more. */
  use(lane: Lane): void {
    lane.running++;
    this.#running++;
  }

  /** Counts one less. */
  free(lane: Lane): void {
    lane.running--;
    this.#running--;
    this.#onFree(lane);
    this.#letBack();
  }

  /**
   * Waits for a slot and a place in the lane.
   * @param granted gets what leaves the place again.
   * @returns gives up waiting.
   */
  comeBack(lane: Lane, granted: (leave: () => void) => void): () => void {
    const wish = new AbortController();
    const returning = {
      lane,
      granted: () => {
        // There is a place in the lane as well: both are counted alike.
        enter(lane.queue, 1, (leave) => {
          if (!wish.signal.aborted) granted(leave);
          else { leave(); this.free(lane); }
        });
      },
    };
    this.#returning.add(returning);
    this.#letBack();
    return () => { wish.abort(); this.#returning.delete(returning); };
  }

  #letBack(): void {
    for (const returning of this.#returning) {
      if (!this.hasFree) return;
      const { lane, granted } = returning;
      if (lane.running >= lane.settings.maxConcurrent) continue;
      this.#returning.delete(returning);
      this.use(lane);
      granted();
    }
  }
}

/** Takes a place in a lane as soon as there is one; it is kept until `leave` is called. */
export function enter(queue: PQueue, priority: number, onEntered: (leave: () => void) => void): void {
  void queue.add(() => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    onEntered(() => { resolve(undefined); });
    return promise;
  }, { priority });
}
