import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rollUp } from '../../src/lib/task-system/subtask/rollUp.ts';
import type { ActiveMember, FamilyCount } from '../../src/lib/task-system/types/FamilyStore.ts';

const nobody = (): undefined => undefined;

function count(parentId: string, state: FamilyCount['state'], rest: Partial<FamilyCount> = {}): FamilyCount {
  const number = rest.count ?? 1;
  return { parentId, state, count: number, weight: number, progress: state === 'completed' ? 100 * number : 0, ...rest };
}

function active(id: string, parentId: string | undefined, rest: Partial<ActiveMember> = {}): ActiveMember {
  return { id, project: 'p', type: 't', attempt: 1, weight: 1, ...(parentId === undefined ? {} : { parentId }), ...rest };
}

describe('rollUp', () => {
  it('says nothing of a tree without children', () => {
    expect(rollUp({ counts: [], active: [active('root', undefined)] }, nobody).size).toBe(0);
  });

  it('counts children by what became of them', () => {
    const rolled = rollUp({ counts: [count('root', 'completed', { count: 2 }), count('root', 'failed'), count('root', 'cancelled'), count('root', 'queued')], active: [] }, nobody);
    expect(rolled.get('root')).toEqual({ percent: 40, done: 2, failed: 2, total: 5 });
  });

  it('weighs children', () => {
    const rolled = rollUp({ counts: [count('root', 'completed', { weight: 3, progress: 300 }), count('root', 'queued')], active: [] }, nobody);
    expect(rolled.get('root')?.percent).toBe(75);
  });

  it('takes what a running child reports at this moment', () => {
    const rolled = rollUp({ counts: [count('root', 'running', { count: 2 })], active: [active('a', 'root'), active('b', 'root', { percent: 10 })] }, (id) => (id === 'a' ? 50 : undefined));
    expect(rolled.get('root')?.percent).toBe(30);
  });

  it('goes through any number of levels', () => {
    const numbers = {
      counts: [count('root', 'waiting', { count: 2 }), count('one', 'completed'), count('one', 'queued'), count('two', 'waiting'), count('three', 'completed')],
      active: [active('root', undefined), active('one', 'root'), active('two', 'root'), active('three', 'two')],
    };
    expect([...rollUp(numbers, nobody)].map(([id, { percent }]) => [id, percent])).toEqual(expect.arrayContaining([['root', 75], ['one', 50], ['two', 100]]));
  });

  it('prefers what a parent reports itself', () => {
    const rolled = rollUp({ counts: [count('root', 'completed')], active: [active('root', undefined)] }, (id) => (id === 'root' ? 5 : undefined));
    expect(rolled.get('root')).toEqual({ percent: 5, done: 1, failed: 0, total: 1 });
  });

  it('is never below 0 or above 100, and 100 when all are complete', () => {
    const counts = fc.array(fc.record({ parentId: fc.constantFrom('root', 'a'), state: fc.constantFrom('completed', 'failed', 'queued', 'running'), count: fc.integer({ min: 1, max: 9 }), weight: fc.double({ min: 0.1, max: 50, noNaN: true }) }), { minLength: 1 });
    fc.assert(fc.property(counts, fc.double({ min: 0, max: 100, noNaN: true }), (some, live) => {
      const rows = some.map((row) => ({ ...row, progress: row.state === 'completed' ? row.weight * 100 : 0 }));
      for (const { percent, done, failed, total } of rollUp({ counts: rows, active: [active('live', 'root')] }, (id) => (id === 'live' ? live : undefined)).values()) {
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThanOrEqual(100);
        expect(done + failed).toBeLessThanOrEqual(total);
        if (done === total) expect(percent).toBe(100);
      }
    }));
  });
});
