import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents, Worker } from 'bullmq';
import Tinypool from 'tinypool';
import { verify, type Benchmark, type BenchmarkContext } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';
import { openSystem, whenSparesAreUp } from '../lib/openSystem.ts';
import type { Redis } from '../lib/Redis.ts';
import { now, rest } from '../lib/time.ts';

const FORK = 'cold fork';

/**
 * How long it takes from asking for work to the first line of the code that does it. Every contestant is idle and has had time to
 * prepare: the task system and tinypool (one process per task, as here) keep processes ready, BullMQ keeps one from the job before
 * and uses it again, so that its jobs are not separated from each other. The task system has the task on disk by then; a fork, tinypool
 * and this Redis would lose it. The clock is the machine's monotonic one, read by both processes.
 */
export const startLatency: Benchmark = {
  name: 'start-latency',
  async run(context) {
    const open = await Promise.all([ours(context), tinypool(), ...context.redis === undefined ? [] : [bullmq(context.redis)]]);
    try {
      const rounds = await runRounds([coldFork(), ...open], context.isQuick ? 3 : 60, context.isQuick ? 1 : 5);
      return [toMeasure('submit to first line of the handler', 'ms', rounds, {
        mark: (measure) => ({ text: 'at most 1/8 of a cold fork', isMet: ratioTo(measure, FORK) <= 1 / 8 }),
        ...(context.redis === undefined ? { note: 'BullMQ left out: no redis-server' } : {}),
      })];
    } finally {
      for (const { close } of open) await close();
    }
  },
};

interface OpenContestant extends Contestant {
  readonly close: () => Promise<unknown>;
}

async function ours({ directory }: BenchmarkContext): Promise<OpenContestant> {
  const system = await openSystem(directory);
  return {
    name: OURS,
    measure: async () => {
      await whenSparesAreUp(system);
      const start = now();
      const handle = await system.submit({ type: 'firstLine' });
      return sinceStart(start, await handle.result());
    },
    close: () => system.close(),
  };
}

function coldFork(): Contestant {
  const script = fileURLToPath(new URL('../peers/forkFirstLine.cjs', import.meta.url));
  return {
    name: FORK,
    measure: async () => {
      await rest();
      const start = now();
      const child = fork(script);
      const exited = once(child, 'exit');
      const [time]: unknown[] = await once(child, 'message');
      await exited;
      return sinceStart(start, time);
    },
  };
}

function tinypool(): Promise<OpenContestant> {
  const pool = new Tinypool({
    filename: new URL('../peers/tinypoolFirstLine.mjs', import.meta.url).href, runtime: 'child_process', isolateWorkers: true, minThreads: 2, maxThreads: 5,
  });
  return Promise.resolve({
    name: 'tinypool (child_process, isolateWorkers)',
    measure: async () => {
      await rest();
      const start = now();
      return sinceStart(start, await pool.run(undefined));
    },
    close: () => pool.destroy(),
  });
}

async function bullmq({ connection }: Redis): Promise<OpenContestant> {
  const queue = new Queue('start-latency', { connection });
  const events = new QueueEvents('start-latency', { connection });
  const worker = new Worker('start-latency', new URL('../peers/bullFirstLine.cjs', import.meta.url), { connection, concurrency: 5 });
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
  return {
    name: 'BullMQ (sandboxed processor)',
    measure: async () => {
      await rest();
      const start = now();
      const job = await queue.add('first-line', {});
      return sinceStart(start, await job.waitUntilFinished(events));
    },
    close: async () => {
      await worker.close();
      await events.close();
      await queue.close();
    },
  };
}

function sinceStart(start: number, time: unknown): number {
  verify(typeof time === 'number' && time > start, `the process did not report a time: ${String(time)}`);
  return time - start;
}
