import path from 'node:path';
import { createTaskSystem, type JsonValue, type TaskSystem } from 'task-system';
import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure } from '../lib/compare.ts';
import { talkTo } from '../lib/talk.ts';

const DIRECT = 'a direct call';
const MAX_OVERHEAD_MS = 2;
const MIN_RATIO = 0.8;

/**
 * What it costs that models live in the host: a task calls a scripted server, once through the channel (with budget, events and
 * limits), once by itself with the same provider of the AI SDK. Each call, and one long stream.
 */
export const modelCalls: Benchmark = {
  name: 'model-calls',
  async run({ directory, isQuick }) {
    const pieces = isQuick ? 4_000 : 12_000;
    const server = talkTo('modelServer.ts', [String(pieces)]);
    const baseURL = `http://127.0.0.1:${String(await server.hear('port'))}/v1`;
    const system = await createTaskSystem({
      root: path.join(directory, 'models'), sandbox: { level: 'process' },
      tasks: { calls: { module: new URL('../handlers/modelCalls.mjs', import.meta.url) } },
      models: { default: { baseURL, model: 'scripted' } },
      budgets: { task: { modelCalls: false }, project: { modelCalls: false, outputTokens: false } },
    });
    const rounds = isQuick ? 2 : 8;
    const ask = (input: Readonly<Record<string, JsonValue>>) => (isDirect: boolean) => measured(system, { baseURL, isDirect, ...input }, pieces);
    try {
      return [await calls(ask({ calls: isQuick ? 100 : 400 }), rounds), await streams(ask({ isStreamed: true }), rounds)];
    } finally {
      await system.close({ graceMs: 0 });
      server.end();
    }
  },
};

async function calls(ask: (isDirect: boolean) => Promise<number>, rounds: number): Promise<Measure> {
  const samples = await runRounds([{ name: OURS, measure: () => ask(false) }, { name: DIRECT, measure: () => ask(true) }], rounds);
  return toMeasure('one call of a model from a task', 'ms', samples, {
    mark: ({ ours, peers: [direct] }) => {
      const overhead = ours.median - (direct?.value.median ?? Number.NaN);
      return { text: `at most ${String(MAX_OVERHEAD_MS)} ms more than a direct call (${overhead.toFixed(2)} ms)`, isMet: overhead <= MAX_OVERHEAD_MS };
    },
  });
}

async function streams(ask: (isDirect: boolean) => Promise<number>, rounds: number): Promise<Measure> {
  const samples = await runRounds([{ name: OURS, measure: () => ask(false) }, { name: DIRECT, measure: () => ask(true) }], rounds);
  return toMeasure('parts of a streamed answer in a task', '1/s', samples, {
    mark: (measure) => ({ text: `at least ${String(MIN_RATIO)} of a direct stream`, isMet: ratioTo(measure, DIRECT) >= MIN_RATIO }),
  });
}

async function measured(system: TaskSystem, input: JsonValue, pieces: number): Promise<number> {
  const result = await (await system.submit({ type: 'calls', input })).result();
  verify(isSample(result) && (result['parts'] ?? pieces) === pieces, `the task returned ${JSON.stringify(result)}`);
  return result['value'] ?? Number.NaN;
}

function isSample(result: JsonValue): result is { readonly [field: string]: number } {
  return typeof result === 'object' && result !== null && !Array.isArray(result) && 'value' in result && typeof Reflect.get(result, 'value') === 'number';
}
