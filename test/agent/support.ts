import type { LanguageModelV4Prompt, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { MockLanguageModelV4 } from 'ai/test';
import type { AgentContext } from '../../src/lib/task-system/agent/AgentOptions.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { SubtaskOutcome } from '../../src/lib/task-system/types/Subtasks.ts';

/** What the model says in one step. */
export interface Said {
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly input: unknown }[];
}

const USAGE = { inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 5, text: 5, reasoning: 0 } };

/** A model that says one thing after another; the last one for ever. */
export function saying(...steps: readonly Said[]): MockLanguageModelV4 {
  let step = 0;
  return new MockLanguageModelV4({
    doStream: () => {
      const { text = '', calls = [] } = steps[Math.min(step, steps.length - 1)] ?? {};
      const from = step++;
      const parts: LanguageModelV4StreamPart[] = [
        { type: 'stream-start', warnings: [] },
        ...(text === '' ? [] : [{ type: 'text-start', id: '1' }, { type: 'text-delta', id: '1', delta: text }, { type: 'text-end', id: '1' }] as const),
        ...calls.map(({ name, input }, index) => ({ type: 'tool-call', toolCallId: `${from}.${index}`, toolName: name, input: typeof input === 'string' ? input : JSON.stringify(input) }) as const),
        { type: 'finish', usage: USAGE, finishReason: { unified: calls.length > 0 ? 'tool-calls' : 'stop', raw: undefined } },
      ];
      return Promise.resolve({ stream: new ReadableStream<LanguageModelV4StreamPart>({ start: (controller) => { for (const part of parts) controller.enqueue(part); controller.close(); } }) });
    },
  });
}

/** A context of a handler without a system behind it. */
export class TestContext implements AgentContext {
  readonly reports: unknown[][] = [];
  readonly remembered: string[] = [];
  readonly prepared: number[] = [];
  readonly asked: unknown[] = [];
  readonly spawned: Parameters<AgentContext['subtasks']['spawn']>[0][] = [];
  /** Why conversations cannot be prepared. */
  failure: Error | undefined;
  /** Why nothing can be remembered. */
  refusal: Error | undefined;
  readonly #model: MockLanguageModelV4;
  readonly #over = new AbortController();

  constructor(model: MockLanguageModelV4) {
    this.#model = model;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  stop(reason: Error): void {
    this.#over.abort(reason);
  }

  readonly model: AgentContext['model'] = (name, options) => {
    this.asked.push([name, options]);
    return this.#model as unknown as ReturnType<AgentContext['model']>;
  };

  readonly progress: AgentContext['progress'] = (...report) => { this.reports.push(report); };

  readonly log: AgentContext['log'] = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

  readonly context: AgentContext['context'] = {
    instructions: 'You are of this project.', messages: [], report: { files: [], usedTokens: 0, maxTokens: 0 },
    prepare: (messages, { maxTokens }) => {
      this.prepared.push(maxTokens);
      if (this.failure !== undefined) return Promise.reject(this.failure);
      return Promise.resolve({ instructions: 'You are of this project.', messages, report: { files: [], usedTokens: 0, maxTokens, compaction: { dropped: 0, masked: 0, ms: 0 } } });
    },
    remember: (text) => {
      if (this.refusal !== undefined) return Promise.reject(this.refusal);
      this.remembered.push(text);
      return Promise.resolve();
    },
  };

  listed: Awaited<ReturnType<AgentContext['tools']['list']>> = [];
  readonly tools: AgentContext['tools'] = {
    call: () => Promise.reject(new Error('no tool is called by its name')),
    wrap: (tools) => tools,
    list: () => Promise.resolve(this.listed),
  };

  outcome: (index: number) => Partial<SubtaskOutcome> = (index) => ({ state: 'completed', result: `result ${String(index)}` });
  readonly subtasks: AgentContext['subtasks'] = {
    spawn: (submission) => {
      const id = `child-${String(this.spawned.push(submission))}`;
      return Promise.resolve({ id, result: () => Promise.resolve(null) });
    },
    all: () => Promise.reject(new Error('not asked for')),
    any: () => Promise.reject(new Error('not asked for')),
    settled: (children = []) => Promise.resolve(children.map(({ id }, index) => ({ id, type: 'look', state: 'completed', ...this.outcome(index) }))),
  };
}

/** What the model was told, by step: its instructions, and the last message. */
export function toldTo(model: MockLanguageModelV4): readonly { readonly instructions: string; readonly last: LanguageModelV4Prompt[number] | undefined; readonly tools: readonly string[] }[] {
  return model.doStreamCalls.map(({ prompt, tools = [] }) => ({
    instructions: prompt.filter(({ role }) => role === 'system').map(({ content }) => (typeof content === 'string' ? content : '')).join('\n'),
    last: prompt.at(-1),
    tools: tools.map(({ name }) => name).sort(),
  }));
}

/** Results of tools, as the model read them in one step. */
export function resultsIn(message: LanguageModelV4Prompt[number] | undefined): readonly JsonValue[] {
  return message?.role === 'tool' ? message.content.flatMap((part) => (part.type === 'tool-result' && 'value' in part.output ? [part.output.value as JsonValue] : [])) : [];
}

