import type { LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { MockLanguageModelV4 } from 'ai/test';
import { createModels } from '../../src/lib/task-system/models/client/ModelClient.ts';
import { Budgets } from '../../src/lib/task-system/models/Budgets.ts';
import { ModelBroker } from '../../src/lib/task-system/models/ModelBroker.ts';
import type { BudgetOptions } from '../../src/lib/task-system/types/Budgets.ts';
import { parseJson, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { HostModel, ModelOptions, TaskModel } from '../../src/lib/task-system/types/Models.ts';
import type { ResolvedTaskType } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { resolveBudgets, resolveModels } from '../../src/lib/task-system/types/resolveModels.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { makeLogger, makeType } from '../core/makers.ts';
import { TestCaller, TestLedger } from './makers.ts';

/** What the SDK's mock calls a usage. */
export const USAGE = { inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 5, text: 5, reasoning: 0 } } as const;
/** How a model ends that has said all. */
export const STOP = { unified: 'stop', raw: 'stop' } as const;

/** A request, as the SDK sends it. */
export const REQUEST = { prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] } as const;

/** An answer of a model. */
export function answer(text: string, rest: Partial<LanguageModelV4GenerateResult> = {}): LanguageModelV4GenerateResult {
  return { content: [{ type: 'text', text }], finishReason: STOP, usage: USAGE, warnings: [], ...rest };
}

/** The parts of a streamed answer. */
export function partsOf(...pieces: readonly string[]): LanguageModelV4StreamPart[] {
  return [
    { type: 'stream-start', warnings: [] }, { type: 'text-start', id: '1' },
    ...pieces.map((delta) => ({ type: 'text-delta', id: '1', delta }) as const),
    { type: 'text-end', id: '1' }, { type: 'finish', finishReason: STOP, usage: USAGE },
  ];
}

/** A model that streams these parts, each when it is asked for, and counts them. */
export function streaming(parts: Iterable<LanguageModelV4StreamPart>, onRead: () => void = () => undefined): MockLanguageModelV4 {
  const iterator = parts[Symbol.iterator]();
  return new MockLanguageModelV4({
    doStream: () => Promise.resolve({
      stream: new ReadableStream<LanguageModelV4StreamPart>({
        pull: (controller) => {
          onRead();
          const { done, value } = iterator.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
      }, { highWaterMark: 0 }),
    }),
  });
}

/** A host and a task in one process: what is between them is JSON, as it would be on the channel. */
export function connect(model: HostModel | ModelOptions, setting: { readonly budgets?: BudgetOptions; readonly type?: Partial<ResolvedTaskType>; readonly mayUse?: (tool: string) => boolean } = {}): {
  readonly model: TaskModel;
  readonly caller: TestCaller;
  readonly clock: FakeClock;
  readonly ledger: TestLedger;
  readonly ask: (params: JsonValue) => Promise<JsonValue>;
} {
  const caller = new TestCaller();
  const clock = new FakeClock();
  const ledger = new TestLedger();
  const type = makeType({ name: caller.task.type, ...setting.type });
  const options = { models: resolveModels({ default: model }), types: new Map([[type.name, type]]), budgets: resolveBudgets(setting.budgets) };
  const budgets = new Budgets({ options, ledger, clock, logger: makeLogger(), find: () => Promise.resolve(undefined) });
  const broker = new ModelBroker({ options, budgets, modelsOf: (task) => options.types.get(task.type)?.models, clock, random: () => 0, mayUse: (_caller, tool) => setting.mayUse?.(tool) ?? false });
  const ask = async (params: JsonValue): Promise<JsonValue> => overJson(await broker.call(caller, overJson(params)));
  return { model: createModels(ask)('default', false), caller, clock, ledger, ask };
}

/** All parts of a stream. */
export async function readAll<Part>(stream: ReadableStream<Part>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

function overJson(value: JsonValue): JsonValue {
  return parseJson(JSON.stringify(value));
}
