import { Queue } from 'bullmq';
import { verify, type Benchmark, type BenchmarkContext } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';
import { openSystem } from '../lib/openSystem.ts';
import { rest, timeOf } from '../lib/time.ts';

const ADD = 'BullMQ add';
const ADD_BULK = 'BullMQ addBulk';

/**
 * How fast tasks are taken in while nothing runs them: one after the other, each awaited, and many in one tick. Each of our submissions
 * is checked, has its own promise and is on disk (synchronous=FULL) when that resolves; this Redis keeps jobs in memory only, and
 * `addBulk` makes one round trip of them all. Every round begins with an empty database and an empty queue.
 */
export const submitRate: Benchmark = {
  name: 'submit-rate',
  async run(context) {
    const { isQuick, redis } = context;
    const [rounds, single, many] = isQuick ? [2, 100, 2_000] : [11, 1_000, 10_000];
    const queue = redis === undefined ? undefined : new Queue('submit-rate', { connection: redis.connection });
    try {
      const oneByOne = await runRounds([
        ours(context, (submit) => sequence(single, submit), single),
        ...queue === undefined ? [] : [bullmq(ADD, queue, () => sequence(single, () => queue.add('noop', {})), single)],
      ], rounds);
      const inOneTick = await runRounds([
        ours(context, (submit) => Promise.all(Array.from({ length: many }, submit)), many),
        ...queue === undefined ? [] : [
          bullmq(ADD_BULK, queue, () => queue.addBulk(Array.from({ length: many }, () => ({ name: 'noop', data: {} }))), many),
          bullmq(ADD, queue, () => Promise.all(Array.from({ length: many }, () => queue.add('noop', {}))), many),
        ],
      ], rounds);
      return [
        toMeasure('submit, one by one', '1/s', oneByOne),
        toMeasure(`submit, ${String(many)} in one tick`, '1/s', inOneTick, {
          mark: (measure) => ({
            text: 'at least 30,000/s, and more than addBulk',
            isMet: measure.ours.median >= 30_000 && (redis === undefined || ratioTo(measure, ADD_BULK) > 1),
          }),
        }),
      ];
    } finally {
      await queue?.close();
    }
  },
};

type Submit = () => Promise<unknown>;

function ours({ directory }: BenchmarkContext, work: (submit: Submit) => Promise<unknown>, count: number): Contestant {
  return {
    name: OURS,
    measure: async () => {
      const system = await openSystem(directory, { spares: 0 });
      try {
        await system.queue.pause();
        await rest();
        const milliseconds = await timeOf(() => work(() => system.submit({ type: 'noop' })));
        const { projects } = await system.queue.snapshot();
        verify(projects[0]?.ready === count, `${String(projects[0]?.ready)} of ${String(count)} tasks are queued`);
        return count / (milliseconds / 1_000);
      } finally {
        await system.close();
      }
    },
  };
}

function bullmq(name: string, queue: Queue, work: () => Promise<unknown>, count: number): Contestant {
  return {
    name,
    measure: async () => {
      await rest();
      const milliseconds = await timeOf(work);
      const waiting = await queue.getWaitingCount();
      verify(waiting === count, `${String(waiting)} of ${String(count)} jobs are queued`);
      await queue.obliterate({ force: true });
      return count / (milliseconds / 1_000);
    },
  };
}

async function sequence(count: number, submit: Submit): Promise<void> {
  for (let index = 0; index < count; index++) await submit();
}
