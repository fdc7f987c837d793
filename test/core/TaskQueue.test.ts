import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TaskQueue } from '../../src/lib/task-system/core/TaskQueue.ts';
import { QueueBench } from './queueBench.ts';

describe('TaskQueue', () => {
  it('has nothing to choose at first', () => {
    expect(new QueueBench(5).queue.choose()).toBeUndefined();
  });

  it('starts at most maxConcurrent tasks at once', () => {
    const bench = new QueueBench(3).add('a', 10).add('b', 10);
    expect(bench.fill()).toHaveLength(3);
    expect(bench.queue.running).toBe(3);
  });

  it('gives each free slot to a new task', async () => {
    const bench = new QueueBench(2).add('a', 4);
    bench.fill();
    await bench.finish();
    expect(bench.fill()).toEqual(['a']);
    expect(bench.queue.running).toBe(2);
  });

  it('starts no more tasks of a project than its own cap, and gives the other slots to others', () => {
    const bench = new QueueBench(5, { a: { maxConcurrent: 2 } }).add('a', 10).add('b', 10);
    expect(bench.fill().toSorted()).toEqual(['a', 'a', 'b', 'b', 'b']);
  });

  it('leaves slots empty rather than exceed the cap of a project', () => {
    const bench = new QueueBench(5, { a: { maxConcurrent: 2 } }).add('a', 10);
    expect(bench.fill()).toEqual(['a', 'a']);
  });

  it('chooses no paused project, and chooses it again after resume', () => {
    const bench = new QueueBench(5).add('a').add('b');
    bench.queue.setPaused('a', true);
    expect(bench.fill()).toEqual(['b']);
    bench.queue.setPaused('a', false);
    expect(bench.fill()).toEqual(['a']);
  });

  it('chooses nothing at all while everything is paused, whatever is resumed by name', () => {
    const bench = new QueueBench(5).add('a');
    bench.queue.setPaused(undefined, true);
    bench.queue.setPaused('a', false);
    expect(bench.queue.choose()).toBeUndefined();
    bench.queue.setPaused(undefined, false);
    expect(bench.queue.choose()).toBe('a');
  });

  it('keeps a project paused by name when everything is resumed', () => {
    const bench = new QueueBench(5).add('a').add('b');
    bench.queue.setPaused('a', true);
    bench.queue.setPaused(undefined, true);
    bench.queue.setPaused(undefined, false);
    expect(bench.fill()).toEqual(['b']);
  });

  it('lets running tasks of a paused project go on and counts them', async () => {
    const bench = new QueueBench(1).add('a', 2);
    bench.fill();
    bench.queue.setPaused('a', true);
    expect(bench.queue.running).toBe(1);
    await bench.finish();
    expect(bench.queue.running).toBe(0);
    expect(bench.queue.choose()).toBeUndefined();
  });

  it('names the paused projects, but not the pause of everything', () => {
    const { queue } = new QueueBench(1);
    queue.setPaused(undefined, true);
    queue.setPaused('a', true);
    queue.setPaused('b', true);
    queue.setPaused('b', false);
    expect(queue.pausedProjects()).toEqual(['a']);
    expect([queue.isPaused(), queue.isPaused('a'), queue.isPaused('b')]).toEqual([true, true, false]);
  });

  it('does not choose a project that has only delayed tasks', () => {
    const { queue } = new QueueBench(1);
    queue.adjust('a', { pending: 3 });
    expect(queue.choose()).toBeUndefined();
    expect(queue.pendingOf('a')).toBe(3);
    queue.adjust('a', { ready: 1 });
    expect(queue.choose()).toBe('a');
  });

  it('gives the slot back when the work throws, and passes the error on', async () => {
    const bench = new QueueBench(1, { a: { maxConcurrent: 1 } }).add('a', 2);
    bench.fill();
    const error = new Error('no luck');
    await expect(bench.fail(error)).resolves.toBe(error);
    expect(bench.queue.running).toBe(0);
    expect(bench.fill()).toEqual(['a']);
  });

  it('gives the slot back when the work throws before it waits for anything', async () => {
    const queue = new TaskQueue(1, () => ({ maxConcurrent: 1, weight: 1 }));
    await expect(queue.start('a', () => { throw new Error('at once'); })).rejects.toThrow('at once');
    expect([queue.running, queue.size]).toEqual([0, 0]);
  });
});

describe('TaskQueue.adjust', () => {
  it('counts queued tasks per project', () => {
    const { queue } = new QueueBench(1).add('a', 2).add('b');
    queue.adjust('a', { pending: 1 });
    expect([queue.pendingOf('a'), queue.pendingOf('b'), queue.pendingOf('c')]).toEqual([3, 1, 0]);
  });

  it('never believes in fewer than no due tasks: a cancel that comes twice leaves no hole', () => {
    const bench = new QueueBench(1).add('a');
    bench.queue.adjust('a', { ready: -1, pending: -1 });
    bench.queue.adjust('a', { ready: -1 });
    bench.add('a');
    expect(bench.queue.choose()).toBe('a');
  });

  it('counts right when a cancel and a claim meet at the same task', async () => {
    const bench = new QueueBench(1).add('a');
    const seen = bench.queue.arrivalsOf('a');
    bench.fill();
    // The store cancels first: the cancel takes the task off the counts a second time, then the claim finds nothing.
    bench.queue.adjust('a', { ready: -1, pending: -1 });
    bench.queue.adjust('a', { pending: 1 });
    bench.queue.correct('a', seen);
    await bench.finish();
    expect([bench.queue.pendingOf('a'), bench.queue.size]).toEqual([0, 0]);
  });
});

describe('TaskQueue.correct', () => {
  it('stops choosing a project whose due tasks turned out to be gone', () => {
    const bench = new QueueBench(5, { a: { maxConcurrent: 1 } }).add('a', 3);
    const seen = bench.queue.arrivalsOf('a');
    bench.queue.correct('a', seen);
    expect(bench.queue.choose()).toBeUndefined();
  });

  it('keeps what became due after the claim was asked for', () => {
    const bench = new QueueBench(5).add('a', 3);
    const seen = bench.queue.arrivalsOf('a');
    bench.add('a', 2);
    bench.queue.correct('a', seen);
    expect(bench.fill()).toEqual(['a', 'a']);
  });

  it('never adds work', () => {
    const bench = new QueueBench(5).add('a', 3);
    const seen = bench.queue.arrivalsOf('a');
    bench.add('a', 2);
    bench.queue.adjust('a', { ready: -4, pending: -4 });
    bench.queue.correct('a', seen);
    expect(bench.fill()).toEqual(['a']);
  });
});

describe('TaskQueue.canStartNow', () => {
  it('is true for any project while nothing is there', () => {
    expect(new QueueBench(1).queue.canStartNow('a')).toBe(true);
  });

  it('leaves nothing behind for a project that was only asked about', () => {
    const { queue } = new QueueBench(1);
    queue.canStartNow('a');
    expect(queue.size).toBe(0);
  });

  it('is false without a free slot', () => {
    const bench = new QueueBench(1);
    bench.startIn('a');
    expect(bench.queue.canStartNow('b')).toBe(false);
  });

  it('is false when the project is at its cap, true for another one', () => {
    const bench = new QueueBench(2, { a: { maxConcurrent: 1 } });
    bench.startIn('a');
    expect([bench.queue.canStartNow('a'), bench.queue.canStartNow('b')]).toEqual([false, true]);
  });

  it('is false when a due task of the same project waits', () => {
    expect(new QueueBench(1).add('a').queue.canStartNow('a')).toBe(false);
  });

  it('is false when a due task of another project may use the slot', () => {
    expect(new QueueBench(1).add('a').queue.canStartNow('b')).toBe(false);
  });

  it('is true when those who wait cannot use the slot: paused or at their cap', () => {
    const bench = new QueueBench(3, { full: { maxConcurrent: 1 } }).add('full', 2).add('paused');
    bench.queue.setPaused('paused', true);
    bench.fill();
    expect(bench.queue.canStartNow('b')).toBe(true);
  });

  it('is false while the project, or everything, is paused', () => {
    const { queue } = new QueueBench(1);
    queue.setPaused('a', true);
    expect([queue.canStartNow('a'), queue.canStartNow('b')]).toEqual([false, true]);
    queue.setPaused(undefined, true);
    expect(queue.canStartNow('b')).toBe(false);
  });

  it('is not troubled by delayed tasks', () => {
    const { queue } = new QueueBench(1);
    queue.adjust('a', { pending: 5 });
    expect(queue.canStartNow('a')).toBe(true);
  });
});

type Move =
  | { readonly kind: 'add' | 'delay' | 'promote' | 'cancel' | 'pause' | 'resume' | 'direct'; readonly project: string }
  | { readonly kind: 'finish' | 'throw'; readonly index: number }
  | { readonly kind: 'fill' };

const PROJECTS = ['a', 'b', 'c', 'd'] as const;
const projectMove = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'delay', 'promote', 'cancel', 'pause', 'resume', 'direct'),
  project: fc.constantFrom(...PROJECTS),
});
const endMove = fc.record({ kind: fc.constantFrom('finish', 'finish', 'throw'), index: fc.nat(9) });
const moves: fc.Arbitrary<readonly Move[]> = fc.array(fc.oneof(projectMove, endMove, fc.constant({ kind: 'fill' } as const)), { maxLength: 80, size: 'max' });
const caps = fc.record({ all: fc.integer({ min: 1, max: 6 }), each: fc.tuple(...PROJECTS.map(() => fc.integer({ min: 1, max: 4 }))) });

/** What the queue should know, kept in the plainest way. */
class QueueModel {
  readonly ready = new Map<string, number>(PROJECTS.map((project) => [project, 0]));
  readonly delayed = new Map<string, number>(PROJECTS.map((project) => [project, 0]));
  readonly paused = new Set<string>();

  change(which: 'ready' | 'delayed', project: string, by: number): boolean {
    const now = (this[which].get(project) ?? 0) + by;
    if (now < 0) return false;
    this[which].set(project, now);
    return true;
  }

  queued(project: string): number {
    return (this.ready.get(project) ?? 0) + (this.delayed.get(project) ?? 0);
  }
}

describe('TaskQueue as a model', () => {
  it('keeps every cap, chooses no paused project, wastes no slot and counts right, whatever happens in whatever order', async () => {
    await fc.assert(fc.asyncProperty(caps, moves, async ({ all, each }, script) => {
      const capOf = new Map(PROJECTS.map((project, index) => [project, each[index] ?? 1] as const));
      const bench = new QueueBench(all, Object.fromEntries([...capOf].map(([project, maxConcurrent]) => [project, { maxConcurrent }])));
      const model = new QueueModel();
      for (const move of script) {
        await play(bench, model, move);
        checkCounts(bench, model, all, capOf);
      }
      await bench.drain();
      expect(bench.queue.running).toBe(0);
      expect(bench.queue.size).toBe(PROJECTS.filter((project) => model.queued(project) > 0).length);
    }), { numRuns: 300 });
  });
});

async function play(bench: QueueBench, model: QueueModel, move: Move): Promise<void> {
  const { queue } = bench;
  switch (move.kind) {
    case 'add': model.change('ready', move.project, 1); bench.add(move.project); break;
    case 'delay': model.change('delayed', move.project, 1); queue.adjust(move.project, { pending: 1 }); break;
    case 'promote': if (model.change('delayed', move.project, -1)) { model.change('ready', move.project, 1); queue.adjust(move.project, { ready: 1 }); } break;
    case 'cancel': if (model.change('ready', move.project, -1)) queue.adjust(move.project, { ready: -1, pending: -1 }); break;
    case 'pause': model.paused.add(move.project); queue.setPaused(move.project, true); break;
    case 'resume': model.paused.delete(move.project); queue.setPaused(move.project, false); break;
    case 'direct': startDirectly(bench, model, move.project); break;
    case 'finish': if (move.index < bench.running.length) await bench.finish(move.index); break;
    case 'throw': if (move.index < bench.running.length) await bench.fail(new Error('no luck'), move.index); break;
    case 'fill': fill(bench, model); break;
  }
}

/** What `submit` does: past the queue when nobody is overtaken. */
function startDirectly(bench: QueueBench, model: QueueModel, project: string): void {
  if (!bench.queue.canStartNow(project)) return;
  const overtaken = PROJECTS.filter((other) => (model.ready.get(other) ?? 0) > 0 && bench.queue.choose() === other);
  expect(overtaken).toEqual([]);
  expect(model.paused.has(project)).toBe(false);
  bench.startIn(project);
}

function fill(bench: QueueBench, model: QueueModel): void {
  for (const project of bench.fill()) {
    expect(model.paused.has(project)).toBe(false);
    expect(model.change('ready', project, -1)).toBe(true);
  }
  expect(bench.queue.choose()).toBeUndefined();
}

function checkCounts(bench: QueueBench, model: QueueModel, all: number, capOf: ReadonlyMap<string, number>): void {
  const { queue, running } = bench;
  expect(queue.running).toBe(running.length);
  expect(bench.entered).toBe(running.length);
  expect(running.length).toBeLessThanOrEqual(all);
  for (const project of PROJECTS) {
    const runs = running.filter((other) => other === project).length;
    const cap = capOf.get(project) ?? 1;
    expect(runs).toBeLessThanOrEqual(cap);
    expect(queue.pendingOf(project)).toBe(model.queued(project));
    const couldRun = (model.ready.get(project) ?? 0) > 0 && !model.paused.has(project) && runs < cap && running.length < all;
    if (couldRun) expect(queue.choose()).toBeDefined();
  }
}
