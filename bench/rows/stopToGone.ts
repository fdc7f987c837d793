import type { IsolationLevel, TaskSystem } from 'task-system';
import { verify, type Benchmark, type BenchmarkContext, type Measure } from '../lib/Benchmark.ts';
import { toMeasure } from '../lib/compare.ts';
import { bareKill, DAEMON_SECONDS, daemons } from '../lib/daemons.ts';
import { findBubblewrap } from '../lib/kernelLevel.ts';
import { openSystem } from '../lib/openSystem.ts';
import { quantile } from '../lib/statistics.ts';
import { now } from '../lib/time.ts';

const MARK_MS = 300;
const BARE = 'bare kill of a process to its exit';

/**
 * From a verdict to the proof that nothing of the task is left, for tasks that leave a daemon in a session of its own: after the end of
 * the handler, and after a cancellation while it spins. The proof is the library's; the benchmark looks once more by itself. Beside it,
 * how long this machine takes at least: one process that spins is killed, and its exit is waited for.
 */
export const stopToGone: Benchmark = {
  name: 'stop-to-gone',
  async run(context) {
    const levels: readonly IsolationLevel[] = await findBubblewrap(context) === undefined ? ['process'] : ['kernel', 'process'];
    const measures: Measure[] = [];
    for (const level of levels) measures.push(...await measureAt(level, context));
    return measures;
  },
};

async function measureAt(level: IsolationLevel, { directory, isQuick }: BenchmarkContext): Promise<readonly Measure[]> {
  const count = isQuick ? 5 : 100;
  const system = await openSystem(directory, { spares: 1 }, level);
  const ends: number[] = [];
  const cancels: number[] = [];
  const bare: number[] = [];
  try {
    // The first of each is only to warm up.
    for (let index = -1; index < count; index++) {
      const [ended, stopped, killed] = [await endOfHandler(system), await cancelled(system), await bareKill()];
      if (index >= 0) {
        ends.push(ended);
        cancels.push(stopped);
        bare.push(killed);
      }
      verify(daemons().length === 0, 'a daemon is still there');
    }
  } finally {
    await system.close();
  }
  return [worst(`end of the handler to proven gone and stored, ${level}`, ends, bare), worst(`cancel to proven gone and stored, ${level}`, cancels, bare)];
}

async function endOfHandler(system: TaskSystem): Promise<number> {
  const handle = await system.submit({ type: 'daemon', input: { spins: false, seconds: DAEMON_SECONDS } });
  const ended = await handle.result();
  verify(typeof ended === 'number', 'the handler did not say when it ended');
  return now() - ended;
}

async function cancelled(system: TaskSystem): Promise<number> {
  const spinning = Promise.withResolvers<undefined>();
  const stop = system.events.on('task:log', ({ data }) => { if (data.text === 'spinning') setTimeout(() => { spinning.resolve(undefined); }, 40); });
  const handle = await system.submit({ type: 'daemon', input: { spins: true, seconds: DAEMON_SECONDS } });
  await spinning.promise;
  stop();
  const start = now();
  verify(await handle.cancel(), 'the task ended before it was cancelled');
  return now() - start;
}

function worst(what: string, samples: readonly number[], bare: readonly number[]): Measure {
  const [p99, bareP99] = [quantile(samples, 0.99), quantile(bare, 0.99)].map(Math.round);
  return toMeasure(what, 'ms', new Map([['ours', samples], [BARE, bare]]), {
    ours: 'ours', note: `99th percentile ${String(p99)} ms, of the bare kill ${String(bareP99)} ms`,
    mark: () => ({ text: `99th percentile at most ${String(MARK_MS)} ms`, isMet: (p99 ?? Infinity) <= MARK_MS }),
  });
}
