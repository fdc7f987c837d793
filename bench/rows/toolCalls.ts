import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTaskSystem, type TaskSystem } from 'task-system';
import * as z from 'zod';
import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure, type Rounds } from '../lib/compare.ts';
import { quantile } from '../lib/statistics.ts';
import { rest } from '../lib/time.ts';

const MOST_MS = 0.5;
const LEAST_PER_SECOND = 3_000;
const AT_ONCE = 16;
/** The calls are counted, and there are enough of them. */
const PLENTY = { toolCalls: 1_000_000 };

const resultSchema = z.object({ times: z.array(z.number()), perSecond: z.number() });
const peerSchema = z.object({ type: z.string(), times: z.array(z.number()).optional() });

/**
 * What a call of a tool costs that does nothing: checked in the task, decided in the host, answered, run, told, and both of its events
 * stored. A fork sends a message and waits for one, with none of that.
 */
export const toolCalls: Benchmark = {
  name: 'tool-calls',
  async run({ directory, isQuick }) {
    const calls = isQuick ? 500 : 3_000;
    const system = await createTaskSystem({
      root: path.join(directory, 'tools'), sandbox: { level: 'process' }, budgets: { task: PLENTY, tree: PLENTY, project: PLENTY },
      tasks: { toolCalls: { module: new URL('../handlers/toolCalls.mjs', import.meta.url), policy: { allow: ['noop'] } } },
    });
    const speeds: number[] = [];
    const rounds = await runRounds([
      { name: OURS, measure: () => throughTask(system, calls, speeds) },
      { name: 'round trip over the IPC of a fork', measure: () => throughFork(calls) },
    ], isQuick ? 2 : 9).finally(() => system.close({ graceMs: 0 }));
    return [latency(rounds), speed(speeds)];
  },
};

function latency(rounds: Rounds): Measure {
  return toMeasure('one call of a tool that does nothing', 'ms', rounds, {
    mark: ({ ours }) => ({ text: `median <= ${String(MOST_MS)} ms`, isMet: ours.median <= MOST_MS }),
  });
}

function speed(speeds: readonly number[]): Measure {
  return toMeasure(`calls of one task, ${String(AT_ONCE)} under way`, '1/s', new Map([[OURS, speeds]]), {
    mark: ({ ours }) => ({ text: `>= ${LEAST_PER_SECOND.toLocaleString('en')} per second`, isMet: ours.median >= LEAST_PER_SECOND }),
  });
}

async function throughTask(system: TaskSystem, calls: number, speeds: number[]): Promise<number> {
  await rest();
  let ended = 0;
  const stop = system.events.on('task:tool:end', ({ data }) => { if (data.outcome === 'ok') ended++; });
  const handle = await system.submit({ type: 'toolCalls', input: { calls, atOnce: AT_ONCE } });
  const { times, perSecond } = resultSchema.parse(await handle.result());
  stop();
  verify(ended === 2 * calls + 50, `${String(ended)} of ${String(2 * calls + 50)} calls were told`);
  speeds.push(perSecond);
  return quantile(times, 0.5);
}

async function throughFork(calls: number): Promise<number> {
  await rest();
  const child = fork(fileURLToPath(new URL('../peers/forkPing.cjs', import.meta.url)));
  let times: readonly number[] = [];
  child.on('message', (message) => {
    const { type, times: measured } = peerSchema.parse(message);
    if (type === 'call') child.send({ type: 'reply' });
    else times = measured ?? [];
  });
  child.send({ calls });
  await once(child, 'exit');
  verify(times.length === calls, `${String(times.length)} of ${String(calls)} round trips`);
  return quantile(times, 0.5);
}
