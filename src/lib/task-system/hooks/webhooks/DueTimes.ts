import type { EndpointDue } from '../../types/WebhookOutbox.ts';

/**
 * For each endpoint, the earliest time at which something may be due. A time may be too early (then looking finds nothing), but never
 * too late: times only come closer until somebody takes an endpoint out to look.
 */
export class DueTimes {
  readonly #times = new Map<string, number>();

  /** Something may be due for an endpoint at this time. */
  note({ endpointId, at }: EndpointDue): void {
    this.#times.set(endpointId, Math.min(at, this.#times.get(endpointId) ?? Infinity));
  }

  /** Takes endpoints out: what is noted of them from now on is news. */
  takeOut(endpointIds: Iterable<string>): void {
    for (const endpointId of endpointIds) this.#times.delete(endpointId);
  }

  [Symbol.iterator](): Iterator<[endpointId: string, at: number]> {
    return this.#times.entries();
  }
}
