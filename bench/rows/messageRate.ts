import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TaskSystem } from 'task-system';
import { verify, type Benchmark } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure } from '../lib/compare.ts';
import { openSystem } from '../lib/openSystem.ts';
import { now, rest } from '../lib/time.ts';

/**
 * How fast log lines come from a task to a listener of its host, from the first to the last. A plain fork sends the same objects with
 * `process.send`. On our side each line is also checked against its schema, numbered, kept for who comes later and emitted twice.
 */
export const messageRate: Benchmark = {
  name: 'message-rate',
  async run({ directory, isQuick }) {
    const messages = isQuick ? 2_000 : 20_000;
    const system = await openSystem(directory);
    const rounds = await runRounds([
      { name: OURS, measure: () => throughTasks(system, messages) },
      { name: 'process.send of a fork', measure: () => throughForks(messages) },
    ], isQuick ? 2 : 15).finally(() => system.close({ graceMs: 0 }));
    return [toMeasure('log lines from a task to its host', '1/s', rounds)];
  },
};

async function throughTasks(system: TaskSystem, messages: number): Promise<number> {
  await rest();
  const meter = new Meter();
  const stop = system.events.on('task:log', () => { meter.count(); });
  const handle = await system.submit({ type: 'chatty', input: { messages } });
  await handle.result();
  stop();
  verify(meter.counted === messages, `${String(meter.counted)} of ${String(messages)} lines arrived`);
  return meter.perSecond;
}

async function throughForks(messages: number): Promise<number> {
  await rest();
  const meter = new Meter();
  const child = fork(fileURLToPath(new URL('../peers/forkChatty.cjs', import.meta.url)));
  child.on('message', () => { meter.count(); });
  const exited = once(child, 'exit');
  child.send({ messages });
  await exited;
  verify(meter.counted === messages + 1, `${String(meter.counted)} of ${String(messages)} messages arrived`);
  return meter.perSecond;
}

/** Counts and remembers when the first and the last came. */
class Meter {
  counted = 0;
  #first = 0;
  #last = 0;

  count(): void {
    this.#last = now();
    if (this.counted++ === 0) this.#first = this.#last;
  }

  get perSecond(): number {
    return (this.counted - 1) / ((this.#last - this.#first) / 1_000);
  }
}
