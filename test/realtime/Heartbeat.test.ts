import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heartbeat, type HeartbeatPeer } from '../../src/lib/task-system/realtime/server/Heartbeat.ts';
import { ManualClock } from './helpers.ts';

/** A connection that notes when it is pinged and when it is given up. */
class Peer implements HeartbeatPeer {
  readonly pings: number[] = [];
  diedAt: number | undefined;
  bytes = 0;
  answers = true;
  end = (): void => {};
  readonly #clock: ManualClock;
  readonly #start: number;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.#start = clock.now();
  }

  ping(): void {
    this.pings.push(this.#clock.now() - this.#start);
    if (this.answers) this.bytes += 2;
  }

  received(): number {
    return this.bytes;
  }

  onDead(): void {
    this.diedAt = this.#clock.now() - this.#start;
    this.end();
  }
}

function setup(everyMs = 25_000, patienceMs = 10_000) {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat(clock, { everyMs, patienceMs });
  const add = (): Peer => {
    const peer = new Peer(clock);
    peer.end = heartbeat.add(peer);
    return peer;
  };
  return { clock, add };
}

describe('Heartbeat', () => {
  it('pings again and again', () => {
    const { clock, add } = setup();
    const peer = add();
    clock.advance(100_000);
    expect([peer.pings, peer.diedAt]).toEqual([[25_000, 50_000, 75_000, 100_000], undefined]);
  });

  it('gives up who sends nothing at all after a ping', () => {
    const { clock, add } = setup();
    const peer = add();
    peer.answers = false;
    clock.advance(34_999);
    expect(peer.diedAt).toBeUndefined();
    clock.advance(1);
    expect([peer.diedAt, peer.pings]).toEqual([35_000, [25_000]]);
  });

  it('takes anything that arrives for a sign of life', () => {
    const { clock, add } = setup();
    const peer = add();
    peer.answers = false;
    clock.advance(25_000);
    peer.bytes += 1;
    clock.advance(10_000);
    expect(peer.diedAt).toBeUndefined();
    clock.advance(25_000);
    expect(peer.diedAt).toBe(60_000);
  });

  it('notices before the next ping when both are due at once', () => {
    const { clock, add } = setup(100, 100);
    const peer = add();
    peer.answers = false;
    clock.advance(200);
    expect([peer.diedAt, peer.pings]).toEqual([200, [100]]);
  });

  it('has one timer for all of its connections, and none without', () => {
    const { clock, add } = setup();
    const peers = Array.from({ length: 1_000 }, add);
    expect(clock.pendingTimers).toBe(1);
    for (const peer of peers.slice(1)) peer.end();
    expect(clock.pendingTimers).toBe(1);
    peers[0]?.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('forgets who has left, also when told twice', () => {
    const { clock, add } = setup();
    const [left, stays] = [add(), add()];
    left.end();
    left.end();
    clock.advance(25_000);
    expect([left.pings, stays.pings]).toEqual([[], [25_000]]);
    expect(clock.pendingTimers).toBe(1);
  });

  it('begins again after a time without connections', () => {
    const { clock, add } = setup();
    add().end();
    clock.advance(7_300);
    const peer = add();
    clock.advance(25_000);
    expect(peer.pings).toEqual([25_000]);
  });

  it('keeps the time between two pings, whenever a connection came', () => {
    fc.assert(fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 60_000 }), (pauses, everyMs) => {
      const { clock, add } = setup(everyMs, Math.min(10_000, everyMs));
      const peers = pauses.map((pause) => {
        // In hundredths of that time: how many ticks are walked through must not depend on it.
        clock.advance(pause * everyMs / 100);
        return add();
      });
      clock.advance(3 * everyMs);
      for (const { pings: [first = 0, second = 0] , diedAt } of peers) {
        expect(first).toBeLessThanOrEqual(everyMs + 1e-3);
        expect(first).toBeGreaterThanOrEqual(everyMs * 24 / 25 - 1e-3);
        expect(second - first).toBeCloseTo(everyMs, 3);
        expect(diedAt).toBeUndefined();
      }
    }), { numRuns: 50 });
  });
});
