import type { MockLanguageModelV4 } from 'ai/test';
import type { Spend, SpendLedger } from '../../src/lib/task-system/types/Budgets.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';
import type { Caller } from '../../src/lib/task-system/types/HostCalls.ts';
import type { ResolvedModel } from '../../src/lib/task-system/types/Models.ts';
import { resolveModels } from '../../src/lib/task-system/types/resolveModels.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeRecord } from '../core/makers.ts';

/** A model behind an address, with every default. */
export function endpoint({ apiKey = 'a-key-of-ours', ...settings }: { readonly apiKey?: string } & Partial<ResolvedModel> = {}): ResolvedModel {
  return { ...resolved({ baseURL: 'http://127.0.0.1:1/v1', apiKey, model: 'm' }), ...settings };
}

/** A model that is no server, with every default. */
export function inHost(model: MockLanguageModelV4, settings: Partial<ResolvedModel> = {}): ResolvedModel {
  return { ...resolved(model), ...settings };
}

function resolved(options: Parameters<typeof resolveModels>[0] extends Readonly<Record<string, infer Option>> | undefined ? Option : never): ResolvedModel {
  const model = resolveModels({ default: options }).get('default');
  if (model === undefined) throw new Error('there is no model');
  return model;
}

/** A caller that remembers its events, and can come to its end. */
export class TestCaller implements Caller {
  readonly task: TaskRecord;
  readonly workspace = '/workspace';
  readonly events: EventDraft[] = [];
  readonly texts: string[] = [];
  readonly #over = new AbortController();

  constructor(task: Partial<TaskRecord> = {}) {
    this.task = makeRecord({ attempt: 1, ...task });
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  readonly record = (events: readonly EventDraft[]): Promise<boolean> => {
    this.events.push(...events);
    return Promise.resolve(true);
  };

  readonly giveSlot = (): Promise<{ readonly takeBack: () => Promise<void> }> => Promise.resolve({ takeBack: () => Promise.resolve() });
  readonly tellText = ({ text }: { readonly text: string }): void => { this.texts.push(text); };

  /** The data of its events of one type. */
  of(type: EventDraft['type']): readonly EventDraft['data'][] {
    return this.events.filter((event) => event.type === type).map(({ data }) => data);
  }

  end(): void {
    this.#over.abort();
  }
}

/** A ledger in memory. */
export class TestLedger implements SpendLedger {
  readonly rows = new Map<string, Spend>();
  reads = 0;

  readonly spent = (accounts: readonly string[]): Promise<ReadonlyMap<string, Spend>> => {
    this.reads++;
    return Promise.resolve(new Map([...this.rows].filter(([key]) => accounts.includes(key))));
  };

  readonly charge: SpendLedger['charge'] = (accounts, spend) => {
    for (const { key } of accounts) {
      const old = this.rows.get(key);
      this.rows.set(key, old === undefined ? spend : {
        modelCalls: old.modelCalls + spend.modelCalls, inputTokens: old.inputTokens + spend.inputTokens, outputTokens: old.outputTokens + spend.outputTokens,
        cost: old.cost + spend.cost, toolCalls: old.toolCalls + spend.toolCalls, turns: old.turns + spend.turns,
      });
    }
    return Promise.resolve();
  };
}
