import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { TaskSystem } from 'task-system';
import { verify, type Benchmark } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure } from '../lib/compare.ts';
import { openSystem } from '../lib/openSystem.ts';
import { rest } from '../lib/time.ts';

const BURNING = 5;
const FORK = 'plain forks';
const IDLE = 'an idle host';

/**
 * How late the host's event loop is (99th percentile) while five tasks burn processor time and others are submitted, run and finish
 * beside them, one at a time. Plain forks do the same: five that burn, and a row of forks that answer and exit. The idle host shows
 * what of it is the timer of the measurement itself.
 */
export const loopDelay: Benchmark = {
  name: 'loop-delay',
  async run(context) {
    const window = context.isQuick ? 1_000 : 4_000;
    const system = await openSystem(context.directory, { maxConcurrent: BURNING + 1 });
    const rounds = await runRounds([
      { name: OURS, measure: () => besideTasks(system, window) },
      { name: FORK, measure: () => besideForks(window) },
      { name: IDLE, measure: () => delayWhile(window, () => rest(window / 4)) },
    ], context.isQuick ? 1 : 7, context.isQuick ? 0 : 1).finally(() => system.close({ graceMs: 0 }));
    context.say(`late by p99 ms, round by round: ${JSON.stringify(Object.fromEntries(rounds))}`);
    return [toMeasure('p99 of the delay of the event loop', 'ms', rounds, { mark: ({ ours }) => ({ text: 'at most 25 ms', isMet: ours.median <= 25 }) })];
  },
};

/** Repeats `work` for a while and returns the 99th percentile of the delay meanwhile, in milliseconds. */
async function delayWhile(milliseconds: number, work: () => Promise<void>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const end = performance.now() + milliseconds;
  histogram.enable();
  while (performance.now() < end) await work();
  histogram.disable();
  verify(histogram.count > milliseconds / 100, 'the delay was not measured');
  return histogram.percentile(99) / 1e6;
}

async function besideTasks(system: TaskSystem, window: number): Promise<number> {
  const burning = await Promise.all(Array.from({ length: BURNING }, () => system.submit({ type: 'burn' })));
  await rest(1_000);
  const delay = await delayWhile(window, async () => {
    const handle = await system.submit({ type: 'noop' });
    verify(typeof await handle.result() === 'string', 'a task did not do its work');
  });
  const states = await Promise.all(burning.map(async ({ id }) => (await system.get(id))?.state));
  verify(states.every((state) => state === 'running'), 'the burning tasks did not run all the time');
  await Promise.all(burning.map((handle) => handle.cancel()));
  return delay;
}

async function besideForks(window: number): Promise<number> {
  const burning = Array.from({ length: BURNING }, () => fork(script('forkBurn')));
  await rest(1_000);
  const delay = await delayWhile(window, async () => {
    const child = fork(script('forkNoop'));
    const exited = once(child, 'exit');
    child.send({ run: true });
    await exited;
  });
  await Promise.all(burning.map(end));
  return delay;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function script(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}.cjs`, import.meta.url));
}
