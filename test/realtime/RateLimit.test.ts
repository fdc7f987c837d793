import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../src/lib/task-system/realtime/server/RateLimit.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

function takeAll(limit: RateLimit): number {
  let taken = 0;
  while (taken < 1_000 && limit.take()) taken++;
  return taken;
}

describe('RateLimit', () => {
  it('lets a burst through, and no more', () => {
    expect(takeAll(new RateLimit(new FakeClock(), 5, 1))).toBe(5);
  });

  it('refills steadily', () => {
    const clock = new FakeClock();
    const limit = new RateLimit(clock, 5, 10);
    takeAll(limit);
    clock.advance(250);
    expect(takeAll(limit)).toBe(2);
    clock.advance(50);
    expect(takeAll(limit)).toBe(1);
  });

  it('never saves up more than a burst', () => {
    const clock = new FakeClock();
    const limit = new RateLimit(clock, 5, 10);
    clock.advance(3_600_000);
    expect(takeAll(limit)).toBe(5);
  });

  it('loses nothing by being asked in between', () => {
    const clock = new FakeClock();
    const limit = new RateLimit(clock, 1, 1);
    takeAll(limit);
    for (let step = 0; step < 9; step++) {
      clock.advance(100);
      expect(limit.take()).toBe(false);
    }
    clock.advance(101);
    expect(limit.take()).toBe(true);
  });
});
