import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueueBench } from './queueBench.ts';

/** How often each project is in a list. */
function countOf(projects: readonly string[], project: string): number {
  return projects.filter((other) => other === project).length;
}

const weight = fc.integer({ min: 1, max: 10 });
const caps = fc.integer({ min: 1, max: 6 });

describe('TaskQueue with equal weights', () => {
  it('serves projects in turn', async () => {
    const bench = new QueueBench(1).add('a', 10).add('b', 10).add('c', 10);
    expect(await bench.turn(6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('serves a project with much to do no more often than one with little', async () => {
    const bench = new QueueBench(1).add('flood', 10_000).add('few', 20);
    const served = await bench.turn(40);
    expect(countOf(served, 'few')).toBe(20);
  });

  it('gives all slots to a project that is alone', () => {
    expect(new QueueBench(5).add('a', 10).fill()).toEqual(['a', 'a', 'a', 'a', 'a']);
  });

  it('shares the slots equally when there are as many as projects', () => {
    expect(new QueueBench(4).add('a', 9).add('b', 9).add('c', 9).add('d', 9).fill().toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('TaskQueue with weights', () => {
  it('gives one slot away by weight: each project has its share to within two starts, however long it goes on', async () => {
    const rounds = fc.integer({ min: 1, max: 40 });
    await fc.assert(fc.asyncProperty(fc.array(weight, { minLength: 2, maxLength: 6 }), rounds, async (weights, rounds) => {
      const settings = Object.fromEntries(weights.map((weight, index) => [`p${index}`, { weight }]));
      const bench = new QueueBench(1, settings);
      for (const project of Object.keys(settings)) bench.add(project, 1_000);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const served = await bench.turn(total * rounds);
      for (const [index, weight] of weights.entries()) expect(Math.abs(countOf(served, `p${index}`) - weight * rounds)).toBeLessThanOrEqual(2);
    // Weights with which the present once overtook the turns of those who waited, by a third of a start in each round.
    }), { numRuns: 60, examples: [[[3, 10, 6, 1, 9], 40], [[10, 5, 1, 1, 1], 40]] });
  });

  it('holds slots in the proportion of the weights where that can be done', () => {
    const bench = new QueueBench(5, { heavy: { weight: 3 } }).add('a', 50).add('b', 50).add('heavy', 50);
    bench.fill();
    expect([countOf(bench.running, 'a'), countOf(bench.running, 'b'), countOf(bench.running, 'heavy')]).toEqual([1, 1, 3]);
  });

  it('gives every free slot to the smallest number of slots over weight among those who may use it', async () => {
    const projects = ['a', 'b', 'c'] as const;
    const script = fc.array(fc.nat(9), { minLength: 20, maxLength: 60 });
    await fc.assert(fc.asyncProperty(caps, fc.tuple(weight, weight, weight), script, async (cap, weights, ends) => {
      const weightOf = new Map<string, number>(projects.map((project, index) => [project, weights[index] ?? 1]));
      const bench = new QueueBench(cap, Object.fromEntries([...weightOf].map(([project, weight]) => [project, { weight }])));
      for (const project of projects) bench.add(project, 1_000);
      const share = (project: string): number => countOf(bench.running, project) / (weightOf.get(project) ?? 1);
      for (const end of ends) {
        if (end < bench.running.length) await bench.finish(end);
        const chosen = bench.queue.choose();
        if (chosen === undefined) continue;
        for (const other of projects) expect(share(chosen)).toBeLessThanOrEqual(share(other));
        bench.startNext();
      }
    }), { numRuns: 100 });
  });

  it('gives a light project its turns among heavy ones', async () => {
    const bench = new QueueBench(1, { heavy: { weight: 100 } }).add('heavy', 10_000).add('light', 100);
    const served = await bench.turn(404);
    expect(countOf(served, 'light')).toBe(4);
  });

  it('serves everybody, in turn, where weights differ beyond what numbers can tell apart', async () => {
    const weights = { a: Number.MIN_VALUE, b: 1e-300, c: 1, d: 1e300, e: Number.MAX_VALUE };
    const bench = new QueueBench(2, Object.fromEntries(Object.entries(weights).map(([project, weight]) => [project, { weight }])));
    for (const project of Object.keys(weights)) bench.add(project, 3);
    const served = await bench.turn(15);
    for (const project of Object.keys(weights)) expect(countOf(served, project)).toBe(3);
  });
});

describe('TaskQueue after it was empty', () => {
  it('begins anew: even a weight beyond all measure leaves no trace', async () => {
    const bench = new QueueBench(1, { tiny: { weight: Number.MIN_VALUE }, heavy: { weight: 3 } }).add('tiny');
    await bench.turn(1);
    await bench.drain();
    bench.add('heavy', 100).add('light', 100);
    const served = await bench.turn(40);
    expect(countOf(served, 'heavy')).toBe(30);
  });
});

describe('TaskQueue with a flood in one project', () => {
  const history = fc.array(fc.record({ project: fc.constantFrom('flood', 'single', 'third'), tasks: fc.integer({ min: 0, max: 4 }), turns: fc.integer({ min: 0, max: 5 }) }), { maxLength: 12 });

  it.each([1_000, 10_000])('gives the next free slot to the single task of another project, whatever was before (%i tasks)', async (size) => {
    await fc.assert(fc.asyncProperty(caps, history, async (cap, past) => {
      const bench = new QueueBench(cap);
      for (const { project, tasks, turns } of past) {
        bench.add(project, tasks);
        await bench.turn(turns);
      }
      bench.add('flood', size);
      while (bench.running.length < cap || bench.running.some((project) => project !== 'flood') || bench.queue.pendingOf('third') > 0) await bench.turn(1);
      bench.add('single');
      await bench.finish();
      expect(bench.queue.choose()).toBe('single');
    }), { numRuns: 60 });
  });

  it('never takes two slots in a row while another project waits', async () => {
    const bench = new QueueBench(1).add('flood', 1_000);
    await bench.turn(20);
    for (let round = 0; round < 20; round++) {
      bench.add('single');
      expect(await bench.turn(2)).toEqual(['single', 'flood']);
    }
  });

  it('holds up a newcomer among several floods by one turn of each at most', async () => {
    await fc.assert(fc.asyncProperty(caps, fc.integer({ min: 2, max: 8 }), fc.nat(40), async (cap, floods, warmUp) => {
      const bench = new QueueBench(cap);
      const names = Array.from({ length: floods }, (_, index) => `flood${index}`);
      for (const name of names) bench.add(name, 1_000);
      await bench.turn(warmUp);
      const before = bench.starts.length;
      bench.add('newcomer');
      while (!bench.starts.includes('newcomer')) await bench.turn(1);
      const since = bench.starts.slice(before);
      // What fills slots that are still empty comes on top of the one turn of each.
      if (warmUp > 0) for (const name of names) expect(countOf(since, name)).toBeLessThanOrEqual(1);
    }), { numRuns: 100 });
  });
});

describe('TaskQueue with projects that come and go', () => {
  it('gives no credit for the time a project was away', async () => {
    const bench = new QueueBench(1).add('early', 1).add('busy', 1_000);
    await bench.turn(300);
    bench.add('early', 100);
    const served = await bench.turn(40);
    expect(countOf(served, 'early')).toBe(20);
  });

  it('gives no credit for the time a project was paused', async () => {
    const bench = new QueueBench(1).add('paused', 1_000).add('busy', 1_000);
    await bench.turn(10);
    bench.queue.setPaused('paused', true);
    await bench.turn(300);
    bench.queue.setPaused('paused', false);
    const served = await bench.turn(40);
    expect(countOf(served, 'paused')).toBeLessThanOrEqual(21);
  });

  it('keeps no debt of what a project used while it was alone', async () => {
    const bench = new QueueBench(1).add('lone', 500);
    await bench.turn(500);
    await bench.drain();
    bench.add('other', 100).add('lone', 100);
    const served = await bench.turn(40);
    expect(countOf(served, 'lone')).toBe(20);
  });

  it('lets nobody starve, however tasks come: who waits without a slot is served within two rounds', async () => {
    const arrivals = fc.array(fc.array(fc.nat(4), { maxLength: 3 }), { minLength: 30, maxLength: 120 });
    await fc.assert(fc.asyncProperty(caps, arrivals, fc.nat(4), async (cap, script, flood) => {
      const projects = ['p0', 'p1', 'p2', 'p3', 'p4'];
      const bench = new QueueBench(cap).add(`p${flood}`, 10_000);
      const waitingSince = new Map<string, number>();
      for (const coming of script) {
        for (const index of coming) bench.add(`p${index}`);
        await bench.turn(1);
        for (const project of projects) {
          const isWaiting = bench.queue.pendingOf(project) > 0 && !bench.running.includes(project);
          if (!isWaiting) waitingSince.delete(project);
          else if (!waitingSince.has(project)) waitingSince.set(project, bench.starts.length);
          expect(bench.starts.length - (waitingSince.get(project) ?? bench.starts.length)).toBeLessThanOrEqual(2 * projects.length);
        }
      }
    }), { numRuns: 150 });
  });

  it('serves every flood also in an endless row of newcomers', async () => {
    const floods = fc.array(weight, { minLength: 1, maxLength: 4 });
    await fc.assert(fc.asyncProperty(caps, floods, fc.integer({ min: 1, max: 4 }), async (cap, weights, waitingNewcomers) => {
      const bench = new QueueBench(cap, Object.fromEntries(weights.map((weight, index) => [`flood${index}`, { weight }])));
      const names = weights.map((_, index) => `flood${index}`);
      for (const name of names) bench.add(name, 1_000);
      const lastServed = new Map<string, number>();
      // In a turn of the lightest each flood has its weight, and the newcomers move the present on by as much.
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const patience = (total + weights.length) + (total + waitingNewcomers + 2) + waitingNewcomers + cap;
      for (let newcomers = 0, turn = 0; turn < 400; turn++) {
        while (newcomers - bench.starts.filter((project) => project.startsWith('once')).length < waitingNewcomers) bench.add(`once${newcomers++}`);
        await bench.turn(1);
        for (const name of names) if (bench.running.includes(name)) lastServed.set(name, turn);
        for (const name of names) expect(turn - (lastServed.get(name) ?? 0)).toBeLessThanOrEqual(patience);
      }
    }), { numRuns: 40 });
  });

  it('treats a project whose lane it forgot like one whose lane it kept', async () => {
    const projects = ['a', 'b', 'c'] as const;
    const script = fc.array(fc.oneof(
      fc.record({ add: fc.constantFrom(...projects), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ end: fc.nat(5) }),
    ), { minLength: 20, maxLength: 100, size: 'max' });
    await fc.assert(fc.asyncProperty(caps, fc.tuple(weight, weight, weight), script, async (cap, weights, moves) => {
      const settings = Object.fromEntries(projects.map((project, index) => [project, { weight: weights[index] ?? 1 }]));
      const forgetful = new QueueBench(cap, settings);
      const keeping = new QueueBench(cap, settings);
      // A task that is delayed for ever keeps the lane.
      for (const project of projects) keeping.queue.adjust(project, { pending: 1 });
      for (const bench of [forgetful, keeping]) {
        for (const move of moves) {
          if ('add' in move) bench.add(move.add, move.count);
          else if (move.end < bench.running.length) await bench.finish(move.end);
          bench.fill();
        }
      }
      expect(forgetful.starts).toEqual(keeping.starts);
    }), { numRuns: 100 });
  });

  it('remembers nothing of 10,000 projects that came and went', async () => {
    const bench = new QueueBench(5).add('flood', 100_000);
    for (let index = 0; index < 10_000; index++) {
      bench.add(`once${index}`);
      await bench.turn(1);
    }
    const left = bench.queue.pendingOf('flood');
    bench.queue.adjust('flood', { ready: -left, pending: -left });
    while ((await bench.turn(1)).length > 0) expect(bench.queue.size).toBeLessThan(10_000);
    await bench.drain();
    expect(bench.queue.size).toBe(0);
  });

  it('forgets a project when its last queued task is cancelled', () => {
    const bench = new QueueBench(1).add('a', 2);
    bench.queue.adjust('a', { ready: -2, pending: -2 });
    expect(bench.queue.size).toBe(0);
  });

  it('keeps a project that has only delayed tasks', () => {
    const bench = new QueueBench(1);
    bench.queue.adjust('a', { pending: 1 });
    expect(bench.queue.size).toBe(1);
  });
});
