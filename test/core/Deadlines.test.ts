import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/lib/task-system/core/Deadlines.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

function setUp() {
  const clock = new FakeClock(1_000);
  return { clock, deadlines: new Deadlines(clock) };
}

describe('Deadlines', () => {
  it('gives a task its own time', () => {
    const { deadlines } = setUp();
    expect(deadlines.begin('a', undefined, 500)).toBeUndefined();
    expect(deadlines.of('a')).toBe(1_500);
  });

  it('never lets a child outlive its parent, at any depth', () => {
    const { deadlines } = setUp();
    deadlines.begin('root', undefined, 500);
    expect(deadlines.begin('child', 'root', 9_000)).toEqual({ at: 1_500, source: 'root' });
    expect(deadlines.begin('grandchild', 'child', 9_000)).toEqual({ at: 1_500, source: 'root' });
    expect(deadlines.of('grandchild')).toBe(1_500);
  });

  it('lets a child end before its parent', () => {
    const { deadlines } = setUp();
    deadlines.begin('root', undefined, 500);
    expect(deadlines.begin('child', 'root', 100)).toBeUndefined();
    expect(deadlines.of('child')).toBe(1_100);
  });

  it('knows nothing of a parent that does not run', () => {
    const { deadlines } = setUp();
    expect(deadlines.begin('child', 'nobody', 100)).toBeUndefined();
    expect(deadlines.of(undefined)).toBeUndefined();
  });

  it('calls at the deadline of a task that waits', () => {
    const { clock, deadlines } = setUp();
    const calls: number[] = [];
    deadlines.begin('a', undefined, 500);
    deadlines.watch('a', () => { calls.push(clock.now()); });
    clock.advance(499);
    expect(calls).toEqual([]);
    clock.advance(1);
    expect(calls).toEqual([1_500]);
  });

  it('does not call for a task that has ended, or has no deadline', () => {
    const { clock, deadlines } = setUp();
    deadlines.begin('a', undefined, 500);
    deadlines.watch('a', () => { throw new Error('called'); });
    deadlines.watch('b', () => { throw new Error('called'); });
    deadlines.end('a');
    clock.advance(1_000);
    expect([deadlines.of('a'), clock.pendingTimers]).toEqual([undefined, 0]);
  });

  it('passes the time of a parent on through a task without its own', () => {
    const { deadlines } = setUp();
    deadlines.begin('root', undefined, 500);
    deadlines.inherit('group', 'root');
    expect(deadlines.begin('child', 'group', 9_000)).toEqual({ at: 1_500, source: 'root' });
  });

  it('ends the task whose time it is before its children', () => {
    const { deadlines } = setUp();
    const ended: string[] = [];
    deadlines.begin('root', undefined, 500, () => { ended.push('root'); });
    const imposed = deadlines.begin('child', 'root', 9_000, () => { ended.push('child'); });
    expect(deadlines.expire(imposed?.source ?? '')).toBe(false);
    expect(ended).toEqual(['root']);
  });

  it('says of a task that waits that its children end with it', () => {
    const { deadlines } = setUp();
    const ended: string[] = [];
    deadlines.begin('root', undefined, 500);
    deadlines.watch('root', () => { ended.push('root'); });
    expect([deadlines.expire('root'), deadlines.expire('ghost'), ended]).toEqual([true, false, ['root']]);
  });

  it('keeps the time of a task that goes back to the queue for its children, and lets it pass without a word', () => {
    const { clock, deadlines } = setUp();
    deadlines.begin('root', undefined, 500);
    deadlines.watch('root', () => { throw new Error('called'); });
    deadlines.rest('root');
    deadlines.rest('ghost');
    expect(deadlines.begin('child', 'root', 9_000)).toEqual({ at: 1_500, source: 'root' });
    expect(deadlines.expire('root')).toBe(false);
    clock.advance(1_000);
    expect([clock.pendingTimers, deadlines.of('ghost')]).toEqual([0, undefined]);
  });

  it('gives a task that rested its own time when it begins again', () => {
    const { clock, deadlines } = setUp();
    deadlines.begin('root', undefined, 500);
    deadlines.rest('root');
    clock.advance(400);
    deadlines.begin('root', undefined, 500);
    expect(deadlines.of('root')).toBe(1_900);
  });

  it('leaves no timer behind', () => {
    const { clock, deadlines } = setUp();
    deadlines.begin('a', undefined, 500);
    deadlines.watch('a', () => undefined);
    deadlines.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
