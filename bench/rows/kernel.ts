import type { TaskSystem } from 'task-system';
import { verify, type Benchmark } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';
import { findBubblewrap } from '../lib/kernelLevel.ts';
import { openSystem, whenSparesAreUp } from '../lib/openSystem.ts';
import { runTasks } from '../lib/runTasks.ts';
import { now, rest, timeOf } from '../lib/time.ts';
import { bubblewrapLoop } from '../peers/bubblewrapLoop.ts';

const PLAIN = 'without a sandbox';
const LOOP = 'bare bubblewrap loop';
const CONCURRENCY = 5;

/** From `submit` to the first line of the handler with the whole sandbox of the kernel, a spare ready, against the same without one. */
export const kernelStart: Benchmark = {
  name: 'kernel-start',
  async run(context) {
    if (await findBubblewrap(context) === undefined) return [];
    const systems = new Map([[OURS, await openSystem(context.directory, {}, 'kernel')], [PLAIN, await openSystem(context.directory)]]);
    try {
      const rounds = await runRounds([...systems].map(([name, system]) => firstLine(name, system)), context.isQuick ? 5 : 60, context.isQuick ? 2 : 5);
      return [toMeasure('submit to first line, in a sandbox of the kernel', 'ms', rounds, {
        mark: (measure) => ({ text: 'at most 1.5 of that without', isMet: ratioTo(measure, PLAIN) <= 1.5 }),
      })];
    } finally {
      for (const system of systems.values()) await system.close();
    }
  },
};

/**
 * Tasks that do nothing with the whole sandbox of the kernel, five at a time, against a loop that does no more than to start bubblewrap
 * and Node, send a message, get an answer and wait for the exit.
 */
export const kernelThroughput: Benchmark = {
  name: 'kernel-throughput',
  async run(context) {
    const bubblewrap = await findBubblewrap(context);
    if (bubblewrap === undefined) return [];
    const tasks = context.isQuick ? 20 : 150;
    const system = await openSystem(context.directory, {}, 'kernel');
    const perSecond = (name: string, work: () => Promise<void>): Contestant => ({
      name,
      measure: async () => {
        await rest(400);
        return tasks / (await timeOf(work) / 1_000);
      },
    });
    try {
      const rounds = await runRounds([
        perSecond(LOOP, () => bubblewrapLoop(bubblewrap, tasks, CONCURRENCY)), perSecond(OURS, () => runTasks(system, tasks)),
      ], context.isQuick ? 2 : 7, 1);
      return [toMeasure(`no-op tasks in sandboxes of the kernel, ${String(CONCURRENCY)} at a time`, '1/s', rounds, {
        mark: (measure) => ({ text: 'at least 0.9 of the loop', isMet: ratioTo(measure, LOOP) >= 0.9 }),
      })];
    } finally {
      await system.close();
    }
  },
};

function firstLine(name: string, system: TaskSystem): Contestant {
  return {
    name,
    measure: async () => {
      await whenSparesAreUp(system);
      const start = now();
      const handle = await system.submit({ type: 'firstLine' });
      const time = await handle.result();
      verify(typeof time === 'number' && time > start, `the process did not report a time: ${JSON.stringify(time)}`);
      return time - start;
    },
  };
}
