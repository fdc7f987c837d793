import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf, fullTree, hangingTrees, hastyTrees, LEAF, trees, type Plan } from './plans.ts';
import { TreeWorld, type Weather } from './TreeWorld.ts';

/** Always the same few trees; with TREE_RUNS=5000, so many others each time. */
const wanted = process.env['TREE_RUNS'];
const RUNS = Number(wanted ?? '30');

async function grown(plans: readonly Plan[], weather: Weather, look: (world: TreeWorld) => Promise<void> = () => Promise.resolve()): Promise<void> {
  const world = await TreeWorld.open(weather);
  try {
    await world.grow(plans);
    await world.check();
    await look(world);
  } finally {
    await world.close();
  }
}

/** Generous: a busy machine must not decide. */
const LONG = 100_000 + 2_000 * RUNS;

const SEARCH = { numRuns: RUNS, interruptAfterTimeLimit: LONG - 20_000, ...(wanted === undefined ? { seed: 4 } : {}) };

const someOf = (tree: fc.Arbitrary<Plan>): fc.Arbitrary<readonly Plan[]> => fc.array(tree, { minLength: 1, maxLength: 3 });
const seed = fc.integer({ min: 0, max: 0xffff_ffff });
const maxConcurrent = fc.integer({ min: 1, max: 3 });

describe('random trees', () => {
  it('end as their rules say, in whatever order everything happens and however often the host dies', async () => {
    const weather = fc.record({ seed, maxConcurrent, crashes: fc.integer({ min: 0, max: 3 }), cancels: fc.constant(0), additions: fc.constant(0) });
    await fc.assert(fc.asyncProperty(someOf(trees(5, 5)), weather, async (plans, conditions) => {
      await grown(plans, conditions, async (world) => {
        for (const { task, plan } of await world.tasks()) if (task.state !== 'cancelled') expect(task.state, `${task.id}: ${JSON.stringify(plan)}`).toBe(endOf(plan));
      });
    }), SEARCH);
  }, LONG);

  const storm = fc.record({ seed, maxConcurrent, crashes: fc.integer({ min: 0, max: 2 }), cancels: fc.integer({ min: 0, max: 4 }), additions: fc.integer({ min: 0, max: 3 }) });

  it('come to an end, the children before their parents, when tasks are cancelled, run out of time and are added from outside', async () => {
    await fc.assert(fc.asyncProperty(someOf(hastyTrees(5, 5)), storm, (plans, weather) => grown(plans, weather)), SEARCH);
  }, LONG);

  it('come to an end even if their tasks do not', async () => {
    const patienceMs = 100_000_000;
    await fc.assert(fc.asyncProperty(someOf(hangingTrees(5, 5)), storm, (plans, weather) => grown(plans, { ...weather, patienceMs })), SEARCH);
  }, LONG);
});

describe('a tree of depth 5 and fan-out 5', () => {
  it.each(['return', 'all'] as const)('finishes with one slot when its parents wait by "%s"', async (mode) => {
    const plan = fullTree(5, 5, { ...LEAF, mode });
    await grown([plan], { seed: 1, maxConcurrent: 1, crashes: 0, cancels: 0, additions: 0, isCalm: true }, async (world) => {
      const states = (await world.tasks()).map(({ task }) => task.state);
      expect(states).toHaveLength(3_906);
      expect(new Set(states)).toEqual(new Set(['completed']));
      expect(world.peak).toBe(1);
    });
  });
});
