import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatestGate } from '../../src/lib/task-system/core/LatestGate.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

const INTERVAL = 100;

interface Sent {
  readonly value: number;
  readonly at: number;
}

function setUp(): { readonly clock: FakeClock; readonly gate: LatestGate<number>; readonly sent: Sent[] } {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const gate = new LatestGate<number>(INTERVAL, clock, (value) => { sent.push({ value, at: clock.now() }); });
  return { clock, gate, sent };
}

function valuesOf(sent: readonly Sent[]): readonly number[] {
  return sent.map(({ value }) => value);
}

describe('LatestGate', () => {
  it('sends the first value at once', () => {
    const { gate, sent } = setUp();
    gate.push(1);
    expect(valuesOf(sent)).toEqual([1]);
  });

  it('sends only the newest of what came within an interval, when the interval is over', () => {
    const { clock, gate, sent } = setUp();
    for (const value of [1, 2, 3, 4]) gate.push(value);
    clock.advance(INTERVAL - 1);
    expect(valuesOf(sent)).toEqual([1]);
    clock.advance(1);
    expect(valuesOf(sent)).toEqual([1, 4]);
  });

  it('begins a new interval with what it sends late', () => {
    const { clock, gate, sent } = setUp();
    gate.push(1);
    gate.push(2);
    clock.advance(INTERVAL);
    gate.push(3);
    expect(valuesOf(sent)).toEqual([1, 2]);
    clock.advance(INTERVAL);
    expect(valuesOf(sent)).toEqual([1, 2, 3]);
  });

  it('sends at once again after a quiet interval', () => {
    const { clock, gate, sent } = setUp();
    gate.push(1);
    clock.advance(INTERVAL);
    expect(clock.pendingTimers).toBe(0);
    gate.push(2);
    expect(valuesOf(sent)).toEqual([1, 2]);
  });

  it('sends what waits when it is closed, and stops its timer', () => {
    const { clock, gate, sent } = setUp();
    gate.push(1);
    gate.push(2);
    gate.close();
    expect(valuesOf(sent)).toEqual([1, 2]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('sends nothing twice on close', () => {
    const { clock, gate, sent } = setUp();
    gate.push(1);
    gate.close();
    gate.close();
    clock.advance(INTERVAL * 3);
    expect(valuesOf(sent)).toEqual([1]);
  });

  it('carries undefined like any other value', () => {
    const clock = new FakeClock();
    const sent: unknown[] = [];
    const gate = new LatestGate<undefined>(INTERVAL, clock, (value) => { sent.push(value); });
    gate.push(undefined);
    gate.push(undefined);
    gate.close();
    expect(sent).toEqual([undefined, undefined]);
  });

  it('sends at most one value per interval and never loses the last one, however values come', () => {
    fc.assert(fc.property(fc.array(fc.nat(250), { minLength: 1, maxLength: 100 }), (waits) => {
      const { clock, gate, sent } = setUp();
      for (const [value, wait] of waits.entries()) {
        gate.push(value);
        clock.advance(wait);
      }
      clock.advance(INTERVAL);
      expect(sent.at(-1)?.value).toBe(waits.length - 1);
      expect(clock.pendingTimers).toBeLessThanOrEqual(1);
      for (const [index, { at, value }] of sent.slice(1).entries()) {
        const before = sent[index];
        expect(at - (before?.at ?? 0)).toBeGreaterThanOrEqual(INTERVAL);
        expect(value).toBeGreaterThan(before?.value ?? 0);
      }
    }));
  });

  it('delivers the last value on close at any moment', () => {
    fc.assert(fc.property(fc.array(fc.nat(150), { minLength: 1, maxLength: 30 }), (waits) => {
      const { clock, gate, sent } = setUp();
      for (const [value, wait] of waits.entries()) {
        clock.advance(wait);
        gate.push(value);
      }
      gate.close();
      expect(sent.at(-1)?.value).toBe(waits.length - 1);
    }));
  });
});
