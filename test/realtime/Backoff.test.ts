import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/lib/task-system/realtime/client/Backoff.ts';

const ALMOST_ONE = 1 - Number.EPSILON;
const longest = (): Backoff => new Backoff(() => ALMOST_ONE);
const waits = (backoff: Backoff, count: number): readonly number[] => Array.from({ length: count }, () => Math.round(backoff.next(false, 0)));

describe('Backoff', () => {
  it('waits half a second at most at first, then twice as long, up to five seconds', () => {
    expect(waits(longest(), 6)).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it('waits up to twenty seconds once it is no restart any more', () => {
    expect(waits(longest(), 17).slice(12)).toEqual([5_000, 5_000, 10_000, 20_000, 20_000]);
  });

  it('may come back at once: the whole range is used, so that clients spread', () => {
    expect(waits(new Backoff(() => 0), 3)).toEqual([0, 0, 0]);
  });

  it('begins anew after a connection that was up for a while', () => {
    const backoff = longest();
    waits(backoff, 10);
    expect(Math.round(backoff.next(true, 0))).toBe(500);
  });

  it('goes on counting after a connection that broke at once', () => {
    const backoff = longest();
    waits(backoff, 2);
    expect(Math.round(backoff.next(false, 0))).toBe(2_000);
  });

  it('comes back no earlier than the server asked for', () => {
    expect(new Backoff(() => 0).next(false, 3_000)).toBe(3_000);
  });

  it('spreads over as much again', () => {
    expect(Math.round(longest().next(false, 3_000))).toBe(6_000);
  });

  it('never overflows, however often it fails', () => {
    expect(waits(longest(), 2_000).at(-1)).toBe(20_000);
  });
});
