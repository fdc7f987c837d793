/** Bounds on what is on its way at once. */
export interface SlotLimits {
  readonly maxConcurrent: number;
  readonly maxConcurrentPerEndpoint: number;
}

/** An endpoint for which something is due. */
export interface Contender {
  readonly endpointId: string;
  /** Whether its last attempt failed. */
  readonly isFailing: boolean;
}

/**
 * Who may send. A free slot goes to the endpoint with the fewest messages on their way, then to the one that was served longest ago: so
 * an endpoint with a single message never stands behind the backlog of another. Endpoints that fail may hang until the time-out: they
 * get one slot each, and together no more than half.
 */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #maxFailing: number;
  readonly #used = new Map<string, number>();
  readonly #servedAt = new Map<string, number>();
  #total = 0;
  #failing = 0;
  #turn = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
    this.#maxFailing = Math.max(1, Math.floor(limits.maxConcurrent / 2));
  }

  /** How many messages are on their way. */
  get used(): number {
    return this.#total;
  }

  /** Whether the endpoint could get a slot now. */
  hasRoom({ endpointId, isFailing }: Contender): boolean {
    if (this.#total >= this.#limits.maxConcurrent || (isFailing && this.#failing >= this.#maxFailing)) return false;
    return this.#usedBy(endpointId) < (isFailing ? 1 : this.#limits.maxConcurrentPerEndpoint);
  }

  /** Gives out what is free, slot by slot. Each must be given back. */
  take(contenders: readonly Contender[]): ReadonlyMap<string, { readonly isFailing: boolean; readonly count: number }> {
    const taken = new Map<string, { readonly isFailing: boolean; readonly count: number }>();
    for (let next = this.#first(contenders); next !== undefined; next = this.#first(contenders)) {
      const { endpointId, isFailing } = next;
      this.#add(endpointId, isFailing, 1);
      this.#servedAt.set(endpointId, ++this.#turn);
      taken.set(endpointId, { isFailing, count: (taken.get(endpointId)?.count ?? 0) + 1 });
    }
    return taken;
  }

  /** Gives slots back. */
  release({ endpointId, isFailing }: Contender, count = 1): void {
    this.#add(endpointId, isFailing, -count);
  }

  /** Forgets when an endpoint was served that is gone. */
  forget(endpointId: string): void {
    this.#servedAt.delete(endpointId);
  }

  #first(contenders: readonly Contender[]): Contender | undefined {
    return contenders.filter((contender) => this.hasRoom(contender)).reduce<Contender | undefined>(
      (best, next) => (best === undefined || this.#isBefore(next.endpointId, best.endpointId) ? next : best), undefined,
    );
  }

  #isBefore(left: string, right: string): boolean {
    const byUse = this.#usedBy(left) - this.#usedBy(right);
    return byUse === 0 ? (this.#servedAt.get(left) ?? 0) < (this.#servedAt.get(right) ?? 0) : byUse < 0;
  }

  #usedBy(endpointId: string): number {
    return this.#used.get(endpointId) ?? 0;
  }

  #add(endpointId: string, isFailing: boolean, count: number): void {
    const used = this.#usedBy(endpointId) + count;
    if (used === 0) this.#used.delete(endpointId);
    else this.#used.set(endpointId, used);
    this.#total += count;
    if (isFailing) this.#failing += count;
  }
}
