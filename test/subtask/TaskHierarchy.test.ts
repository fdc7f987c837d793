import { describe, expect, it } from 'vitest';
import { TaskHierarchy } from '../../src/lib/task-system/subtask/TaskHierarchy.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { FamilyNumbers } from '../../src/lib/task-system/types/FamilyStore.ts';
import { makeLogger } from '../core/makers.ts';
import { turns } from '../core/until.ts';

interface Told {
  readonly taskId: string;
  readonly percent: number;
  readonly at: number;
}

function setUp(numbers: () => FamilyNumbers | Error) {
  const clock = new FakeClock(0);
  const logger = makeLogger();
  const told: Told[] = [];
  let reads = 0;
  const hierarchy = new TaskHierarchy({
    families: { numbers: () => { reads++; const now = numbers(); return now instanceof Error ? Promise.reject(now) : Promise.resolve(now); } },
    clock, logger, reported: () => undefined,
    emit: ({ taskId }, { data }) => { told.push({ taskId, percent: data.percent, at: clock.now() }); },
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(10);
      await turns(2);
    }
  };
  return { hierarchy, clock, logger, told, pass, reads: () => reads };
}

function event(type: TaskEvent['type'], taskId: string, parentId: string | undefined, rootId = 'root'): TaskEvent {
  const data = type === 'task:progress' ? { percent: 1 } : {};
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- only what the hierarchy looks at
  return JSON.parse(JSON.stringify({ type, taskId, parentId, rootId, data }));
}

/** A root that waits for so many children, so many of them done. */
function flat(done: number, total: number): FamilyNumbers {
  return {
    counts: [{ parentId: 'root', state: 'completed', count: done, weight: done, progress: done * 100 }, { parentId: 'root', state: 'queued', count: total - done, weight: total - done, progress: 0 }],
    active: [{ id: 'root', project: 'p', type: 't', attempt: 1, weight: 1 }],
  };
}

describe('TaskHierarchy', () => {
  it('tells the parent\'s progress when a child has ended', async () => {
    const { hierarchy, told, pass } = setUp(() => flat(1, 4));
    hierarchy.notice(event('task:complete', 'a', 'root'));
    await pass(100);
    expect(told).toEqual([{ taskId: 'root', percent: 25, at: 100 }]);
  });

  it('tells at most ten times a second, and the newest in the end', async () => {
    let done = 0;
    const { hierarchy, told, pass } = setUp(() => flat(done, 200));
    while (done < 100) {
      done++;
      hierarchy.notice(event('task:complete', `c${String(done)}`, 'root'));
      await pass(10);
    }
    await pass(200);
    expect(told.length).toBeLessThanOrEqual(12);
    expect(told.every(({ at }, index) => index === 0 || at - (told[index - 1]?.at ?? 0) >= 100)).toBe(true);
    expect(told.at(-1)?.percent).toBe(50);
  });

  it('says nothing when nothing has changed', async () => {
    const { hierarchy, told, pass } = setUp(() => flat(1, 4));
    hierarchy.notice(event('task:progress', 'a', 'root'));
    await pass(100);
    hierarchy.notice(event('task:progress', 'a', 'root'));
    await pass(300);
    expect(told).toHaveLength(1);
  });

  it('gives every parent of a tree its turn, one event at a time', async () => {
    const { hierarchy, told, pass } = setUp(() => ({
      counts: [{ parentId: 'root', state: 'waiting', count: 1, weight: 1, progress: 0 }, { parentId: 'mid', state: 'completed', count: 1, weight: 1, progress: 100 }, { parentId: 'mid', state: 'queued', count: 1, weight: 1, progress: 0 }],
      active: [{ id: 'root', project: 'p', type: 't', attempt: 1, weight: 1 }, { id: 'mid', parentId: 'root', project: 'p', type: 't', attempt: 1, weight: 1 }],
    }));
    hierarchy.notice(event('task:complete', 'leaf', 'mid'));
    await pass(500);
    expect(new Map(told.map(({ taskId, percent }) => [taskId, percent]))).toEqual(new Map([['mid', 50], ['root', 50]]));
    expect(new Set(told.map(({ at }) => at)).size).toBe(2);
  });

  it('keeps trees apart', async () => {
    const { hierarchy, told, pass } = setUp(() => flat(1, 2));
    hierarchy.notice(event('task:complete', 'a', 'root'));
    hierarchy.notice(event('task:complete', 'b', 'other', 'other'));
    await pass(100);
    expect(told).toHaveLength(2);
  });

  it('does not care about tasks without parents', async () => {
    const { hierarchy, reads, pass } = setUp(() => flat(1, 2));
    hierarchy.notice(event('task:create', 'root', undefined));
    hierarchy.notice(event('task:progress', 'root', undefined));
    await pass(200);
    expect(reads()).toBe(0);
  });

  it('says nothing more of a tree that has ended', async () => {
    const { hierarchy, told, clock, pass } = setUp(() => flat(2, 2));
    hierarchy.notice(event('task:complete', 'a', 'root'));
    hierarchy.notice(event('task:complete', 'root', undefined));
    await pass(300);
    expect([told, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('goes on after the store failed once', async () => {
    let isBroken = true;
    const { hierarchy, told, logger, pass } = setUp(() => (isBroken ? new Error('no disk') : flat(1, 2)));
    hierarchy.notice(event('task:complete', 'a', 'root'));
    await pass(100);
    isBroken = false;
    hierarchy.notice(event('task:complete', 'b', 'root'));
    await pass(100);
    expect([told.length, logger.lines.map(({ level }) => level)]).toEqual([1, ['warn']]);
  });

  it('leaves no timer behind when it is closed, and takes nothing more', async () => {
    const { hierarchy, clock, told, pass } = setUp(() => flat(1, 2));
    hierarchy.notice(event('task:complete', 'a', 'root'));
    hierarchy.close();
    hierarchy.notice(event('task:complete', 'b', 'root'));
    await pass(200);
    expect([told, clock.pendingTimers]).toEqual([[], 0]);
  });
});
