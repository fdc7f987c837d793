import path from 'node:path';
import type { TaskEvent, TaskSystem } from 'task-system';
import { verify, type Benchmark, type BenchmarkContext, type Measure } from '../lib/Benchmark.ts';
import { runRounds, toMeasure, type Contestant, type Rounds } from '../lib/compare.ts';
import { fillStore, openStore, projectName } from '../lib/fillStore.ts';
import { reopenSystem } from '../lib/openSystem.ts';
import { numberIn, runProgram } from '../lib/runProgram.ts';
import { now } from '../lib/time.ts';

const PROJECTS = 1_000;
const EMPTY = 'an empty database';
const INTERRUPTED = { name: 'Error', message: 'put back by the benchmark' };

/**
 * What a long queue costs: the same work on databases with few and with very many pending tasks, in 1,000 projects. No peer keeps them
 * on disk in the process itself, so the measure is the short queue. Claims go through the store as the queue makes them; the next
 * start is seen from outside, from one task's outcome to the next one's start at `maxConcurrent: 1`; memory is that of a fresh process.
 */
export const pendingTasks: Benchmark = {
  name: 'pending-tasks',
  async run(context) {
    const sizes = context.isQuick ? [100, 10_000] : [100, 10_000, 1_000_000];
    const roots = new Map<string, string>();
    for (const size of sizes) {
      const root = path.join(context.directory, String(size));
      await fillStore(root, size, PROJECTS);
      context.say(`${nameOf(size)} are in the database`);
      roots.set(nameOf(size), root);
    }
    return [...await claims(roots, context), ...await starts(roots, context), ...await memory(roots, sizes, context)];
  },
};

function nameOf(size: number): string {
  return `${size.toLocaleString('en')} pending`;
}

async function claims(roots: ReadonlyMap<string, string>, { isQuick }: BenchmarkContext): Promise<Measure[]> {
  const stores = await Promise.all([...roots].map(async ([name, root]) => ({ name, store: await openStore(root) })));
  let turn = 0;
  const rounds = await runRounds(stores.map(({ name, store }): Contestant => ({
    name,
    measure: async () => {
      const start = now();
      const claimed = await store.claimNext(projectName(turn++ % 100), 'bench', Date.now());
      const milliseconds = now() - start;
      verify(claimed?.task.state === 'running', 'no task was claimed');
      // Back to where it was, so that the short queue does not run dry.
      const { id, fence } = claimed.task;
      await store.settle({ taskId: id, fence, to: 'queued', time: Date.now(), event: { type: 'task:retry', data: { cause: 'interrupted', delayMs: 0, error: INTERRUPTED } } });
      return milliseconds;
    },
  })), isQuick ? 20 : 300, isQuick ? 5 : 50);
  await Promise.all(stores.map(({ store }) => store.close()));
  return measuresAgainstFew('claimNext with', rounds, ({ ours, peers }) => ({
    text: 'at most 1 ms, and twice that of 100 pending', isMet: ours.median <= 1 && peers.every(({ ratio }) => ratio.median <= 2),
  }));
}

async function starts(roots: ReadonlyMap<string, string>, { isQuick }: BenchmarkContext): Promise<Measure[]> {
  const rounds = new Map<string, readonly number[]>();
  for (const [name, root] of roots) {
    const system = await reopenSystem(root, { maxConcurrent: 1 });
    rounds.set(name, await gapsBetweenTasks(system, isQuick ? 5 : 60));
    await system.close({ graceMs: 0 });
  }
  return measuresAgainstFew('from a free slot to the next task:start with', rounds);
}

/** The times between the end of a task and the start of the next one. */
async function gapsBetweenTasks(system: TaskSystem, count: number): Promise<number[]> {
  const gaps: number[] = [];
  const enough = Promise.withResolvers<undefined>();
  let endedAt: number | undefined;
  system.events.on('*', ({ type }: TaskEvent) => {
    if (type === 'task:complete') endedAt = now();
    if (type !== 'task:start' || endedAt === undefined) return;
    gaps.push(now() - endedAt);
    if (gaps.length === count) enough.resolve(undefined);
  });
  await system.queue.resume();
  await enough.promise;
  await system.queue.pause();
  return gaps.slice(0, count);
}

async function memory(roots: ReadonlyMap<string, string>, sizes: readonly number[], { directory, isQuick }: BenchmarkContext): Promise<Measure[]> {
  const answers = new Map<string, { readonly rss: number[]; readonly openMs: number[] }>();
  const most = nameOf(Math.max(...sizes));
  const contestants = [...roots].filter(([name]) => name === most).concat([[EMPTY, path.join(directory, 'empty')]]);
  const rss = await runRounds(contestants.map(([name, root]) => ({
    name,
    measure: async () => {
      const answer = await runProgram('openSystem.mjs', [root]);
      verify(name === EMPTY || numberIn(answer, 'pending') > Math.max(...sizes) * 0.9, 'the pending tasks are not there');
      answers.set(name, { rss: [], openMs: [...answers.get(name)?.openMs ?? [], numberIn(answer, 'openMs')] });
      return numberIn(answer, 'rssMb');
    },
  })), isQuick ? 1 : 5, isQuick ? 0 : 1);
  const openTimes = new Map([...answers].map(([name, { openMs }]) => [name, openMs.slice(isQuick ? 0 : 1)]));
  return [
    toMeasure(`memory of a host with ${most}`, 'MB', rss, {
      ours: most, mark: ({ ours, peers: [empty] }) => ({ text: 'at most 50 MB more', isMet: ours.median - (empty?.value.median ?? 0) <= 50 }),
    }),
    toMeasure(`opening a system with ${most}`, 'ms', openTimes, { ours: most }),
  ];
}

function measuresAgainstFew(what: string, rounds: Rounds, mark?: (measure: Measure) => { text: string; isMet: boolean }): Measure[] {
  const [few = '', ...more] = rounds.keys();
  return more.map((name) => toMeasure(`${what} ${name}`, 'ms', rounds, { ours: name, peers: [few], ...(mark === undefined ? {} : { mark }) }));
}
