import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure, type Contestant, type Rounds } from '../lib/compare.ts';
import { cpuTime } from '../lib/cpu.ts';
import { openSystem } from '../lib/openSystem.ts';
import { runTasks } from '../lib/runTasks.ts';
import { rest, timeOf } from '../lib/time.ts';

const FORK = 'bare fork loop';
const CONCURRENCY = 5;
const MODULE = 'with a handler that is an ES module';
const SPARES = 'with 5 spares';

/**
 * Tasks that do nothing, each in a process of its own, five at a time, against the least that a program could do for the same: fork,
 * send a message, get an answer, wait for the exit. The task system also stores every task, its start and its outcome on disk, reads
 * the output, and makes and removes a workspace. It begins with its spares up and ends with as many, so both start as many processes
 * as they have tasks. Both run CommonJS; what Node takes to load its first ES module is a row of its own.
 */
export const throughput: Benchmark = {
  name: 'throughput',
  async run({ directory, isQuick, say }) {
    const tasks = isQuick ? 30 : 200;
    const cpu = new Map<string, number[]>();
    const system = await openSystem(directory);
    const more = isQuick ? undefined : await openSystem(directory, { spares: 5 });
    const ways = new Map<string, () => Promise<void>>([[OURS, () => runTasks(system, tasks)]]);
    if (more !== undefined) ways.set(MODULE, () => runTasks(system, tasks, 'noopModule')).set(SPARES, () => runTasks(more, tasks));
    const contestants = [metered(FORK, tasks, cpu, () => forkLoop(tasks)), ...[...ways].map(([name, work]) => metered(name, tasks, cpu, work))];
    try {
      const rounds = await runRounds(contestants, isQuick ? 2 : 7, isQuick ? 0 : 1);
      for (const name of ways.keys()) if (name !== OURS) say(`${name}: ${describe(rounds, name)}`);
      return [
        toMeasure(`no-op tasks, ${String(CONCURRENCY)} at a time`, '1/s', rounds, {
          peers: [FORK], mark: (measure) => ({ text: 'at least 0.9 of the loop', isMet: ratioTo(measure, FORK) >= 0.9 }),
        }),
        ...[...ways.keys()].filter((name) => name !== OURS).map((name) => toMeasure(`the same ${name}`, '1/s', rounds, { ours: name, peers: [FORK] })),
        ...cpuMeasures(cpu, rounds),
      ];
    } finally {
      await system.close();
      await more?.close();
    }
  },
};

function metered(name: string, tasks: number, cpu: Map<string, number[]>, work: () => Promise<void>): Contestant {
  return {
    name,
    measure: async () => {
      await rest(400);
      const before = cpuTime();
      const milliseconds = await timeOf(work);
      const after = cpuTime();
      if (before !== undefined && after !== undefined) {
        const spent = after.main + after.threads + after.children - before.main - before.threads - before.children;
        cpu.set(name, [...cpu.get(name) ?? [], spent / tasks]);
      }
      return tasks / (milliseconds / 1_000);
    },
  };
}

function cpuMeasures(cpu: Map<string, number[]>, rounds: Rounds): Measure[] {
  const counted = rounds.get(OURS)?.length ?? 0;
  const kept = new Map([...cpu].filter(([name]) => name === OURS || name === FORK).map(([name, values]) => [name, values.slice(-counted)]));
  return kept.size === 2 ? [toMeasure('processor time per task, host and child', 'ms', kept)] : [];
}

async function forkLoop(count: number): Promise<void> {
  const script = fileURLToPath(new URL('../peers/forkNoop.cjs', import.meta.url));
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const child = fork(script);
      const exited = once(child, 'exit');
      child.send({ run: true });
      const [answer]: unknown[] = await once(child, 'message');
      await exited;
      verify(answer === child.pid, 'a forked process did not answer');
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function describe(rounds: Rounds, name: string): string {
  return (rounds.get(name) ?? []).map((value) => value.toFixed(1)).join(' ');
}
