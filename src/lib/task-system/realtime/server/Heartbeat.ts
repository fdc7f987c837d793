import type { Clock, Timer } from '../../types/Ports.ts';

/** What {@link Heartbeat} needs of a connection. */
export interface HeartbeatPeer {
  ping(): void;
  /** Grows with whatever arrives. */
  received(): number;
  /** Nothing has arrived in time after a ping. */
  onDead(): void;
}

/** When a heartbeat pings. */
export interface HeartbeatTimes {
  /** Time between two pings of a connection, in milliseconds. */
  readonly everyMs: number;
  /** How long after a ping the first sign of life may take, in milliseconds; at most `everyMs`. */
  readonly patienceMs: number;
}

interface Beat {
  readonly peer: HeartbeatPeer;
  /** What had arrived when it was pinged last; undefined before the first ping. */
  before: number | undefined;
}

const SLOTS = 25;

/**
 * Pings connections, and notices from which nothing at all comes back. One timer serves them all: each connection sits in one of 25
 * slots of a wheel, so that ten thousand of them are not pinged in the same moment.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #tickMs: number;
  /** So many ticks after its ping a connection must have answered. */
  readonly #patienceTicks: number;
  readonly #slots = new Map<number, Set<Beat>>();
  #size = 0;
  #now = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, { everyMs, patienceMs }: HeartbeatTimes) {
    this.#clock = clock;
    this.#tickMs = everyMs / SLOTS;
    this.#patienceTicks = Math.min(SLOTS, Math.ceil(patienceMs / this.#tickMs));
  }

  /** Watches a connection; its first ping comes after `everyMs`, at most a 25th earlier. @returns ends it; may be called again. */
  add(peer: HeartbeatPeer): () => void {
    const slot = this.#slot(this.#now);
    const beat: Beat = { peer, before: undefined };
    slot.add(beat);
    this.#size += 1;
    this.#timer ??= this.#clock.setTimer(this.#tickMs, () => { this.#tick(); });
    return () => { this.#remove(slot, beat); };
  }

  #tick(): void {
    this.#now = (this.#now + 1) % SLOTS;
    this.#timer = this.#clock.setTimer(this.#tickMs, () => { this.#tick(); });
    for (const beat of [...this.#slot(this.#now - this.#patienceTicks)]) {
      if (beat.before !== undefined && beat.peer.received() === beat.before) beat.peer.onDead();
      beat.before = undefined;
    }
    for (const beat of [...this.#slot(this.#now)]) {
      beat.before = beat.peer.received();
      beat.peer.ping();
    }
  }

  #remove(slot: Set<Beat>, beat: Beat): void {
    if (!slot.delete(beat)) return;
    this.#size -= 1;
    if (this.#size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #slot(tick: number): Set<Beat> {
    const index = (tick + SLOTS) % SLOTS;
    const slot = this.#slots.get(index) ?? new Set();
    this.#slots.set(index, slot);
    return slot;
  }
}
