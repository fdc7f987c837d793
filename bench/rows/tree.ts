import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTaskSystem, type TaskSystem } from 'task-system';
import { verify, type Benchmark } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure } from '../lib/compare.ts';
import { HANDLERS } from '../lib/openSystem.ts';
import { rest, timeOf } from '../lib/time.ts';

const PLAIN = 'plain tasks';
const KILL = 'killing as many processes alone';
const CONCURRENCY = 5;

/**
 * A parent with a thousand children that do nothing, against a thousand tasks without a parent in the same system; and the cancelling of
 * such a tree while it runs, until every process is gone and every row has its outcome, against killing plain processes.
 */
export const tree: Benchmark = {
  name: 'tree',
  async run({ directory, isQuick, say }) {
    const children = isQuick ? 100 : 1_000;
    const system = await createTaskSystem({
      root: path.join(directory, 'system'), sandbox: { level: 'process' }, subtasks: { maxChildren: children, maxTasks: children + 1 },
      tasks: { noop: { module: HANDLERS.noop }, hang: { module: new URL('../handlers/hang.mjs', import.meta.url), stopGraceMs: 0 } },
    });
    try {
      const whole = await runRounds([
        { name: OURS, measure: () => timed(() => growTree(system, children)) },
        { name: PLAIN, measure: () => timed(() => runPlain(system, children)) },
      ], isQuick ? 2 : 5, isQuick ? 0 : 1);
      const cancels = await runRounds([
        { name: OURS, measure: () => cancelTree(system, children) },
        { name: KILL, measure: killProcesses },
      ], isQuick ? 2 : 7, isQuick ? 0 : 1);
      say(`a tree of ${String(children)} children`);
      return [
        toMeasure(`a parent with ${String(children)} children that do nothing`, 'ms', whole, {
          peers: [PLAIN], mark: (measure) => ({ text: 'at most 1.1 of the plain tasks', isMet: ratioTo(measure, PLAIN) <= 1.1 }),
        }),
        toMeasure(`cancel of that tree while ${String(CONCURRENCY)} of it run`, 'ms', cancels, { peers: [KILL] }),
      ];
    } finally {
      await system.close({ graceMs: 0 });
    }
  },
};

async function timed(work: () => Promise<void>): Promise<number> {
  await rest(400);
  return timeOf(work);
}

async function growTree(system: TaskSystem, count: number): Promise<void> {
  const group = await system.submit({ type: 'group', children: Array.from({ length: count }, () => ({ type: 'noop' })) });
  const result = JSON.stringify(await group.result());
  verify(result.includes(`"completed":${String(count)}`), `the tree ended with ${result}`);
}

async function runPlain(system: TaskSystem, count: number): Promise<void> {
  const handles = await Promise.all(Array.from({ length: count }, () => system.submit({ type: 'noop' })));
  await Promise.all(handles.map((handle) => handle.result()));
}

async function cancelTree(system: TaskSystem, count: number): Promise<number> {
  let up = 0;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = system.events.on('task:log', () => { if (++up === CONCURRENCY) resolve(undefined); });
  const group = await system.submit({ type: 'group', children: Array.from({ length: count }, () => ({ type: 'hang' })) });
  await promise;
  stop();
  const milliseconds = await timeOf(() => group.cancel());
  const found = await system.tree(group.id);
  verify(found?.children.every(({ state }) => state === 'cancelled') === true, 'a child of the cancelled tree goes on');
  return milliseconds;
}

async function killProcesses(): Promise<number> {
  const script = fileURLToPath(new URL('../peers/forkHang.cjs', import.meta.url));
  const processes: ChildProcess[] = await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    const child = fork(script);
    await once(child, 'message');
    return child;
  }));
  return timeOf(async () => {
    const gone = processes.map((child) => once(child, 'exit'));
    for (const child of processes) child.kill('SIGKILL');
    await Promise.all(gone);
  });
}
