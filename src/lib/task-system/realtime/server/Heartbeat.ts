import type { Clock, Timer } from '../../types/Ports.ts';

/** What {@link Heartbeat} needs of a connection. */
export interface HeartbeatPeer {
  ping(): void;
  /** Grows with whatever arrives. */
  received(): number;
  /** Nothing has arrived in time after a ping. */
  onDead(): void;
}

/** Pings a connection and notices when nothing at all comes back. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #peer: HeartbeatPeer;
  readonly #everyMs: number;
  readonly #patienceMs: number;
  #timer: Timer;

  /** @param everyMs time between two pings; `patienceMs` how long after a ping the first sign of life may take. */
  constructor(clock: Clock, peer: HeartbeatPeer, everyMs: number, patienceMs: number) {
    this.#clock = clock;
    this.#peer = peer;
    this.#everyMs = everyMs;
    this.#patienceMs = patienceMs;
    this.#timer = clock.setTimer(everyMs, () => { this.#ping(); });
  }

  /** Ends it. */
  stop(): void {
    this.#timer.cancel();
  }

  #ping(): void {
    const before = this.#peer.received();
    this.#timer = this.#clock.setTimer(this.#patienceMs, () => { this.#check(before); });
    this.#peer.ping();
  }

  #check(before: number): void {
    if (this.#peer.received() === before) {
      this.#peer.onDead();
      return;
    }
    this.#timer = this.#clock.setTimer(Math.max(0, this.#everyMs - this.#patienceMs), () => { this.#ping(); });
  }
}
