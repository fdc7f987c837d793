import { onTestFinished } from 'vitest';
import { readHostTools, ToolBroker, type BrokerPorts } from '../../src/lib/task-system/core/ToolBroker.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { createTools } from '../../src/lib/task-system/tools/program.ts';
import { Redactor } from '../../src/lib/task-system/tools/secrets/Redactor.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';
import type { Caller, HostCall } from '../../src/lib/task-system/types/HostCalls.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';
import type { TaskTools, ToolPorts, ToolSet } from '../../src/lib/task-system/types/Tools.ts';
import { temporaryDirectory } from '../support/files.ts';
import { makeRecord } from './makers.ts';

/** What a host and a task share in a test: both sides of the tools in one process. */
export interface ToolPair {
  readonly broker: ToolBroker;
  readonly caller: Caller;
  readonly tools: TaskTools;
  readonly workspace: string;
  readonly clock: FakeClock;
  readonly logged: readonly string[];
  /** Every event so far; those of a write that is held back are not among them. */
  readonly events: readonly EventDraft[];
  /** What tools wanted to be remembered. */
  readonly remembered: readonly JsonValue[];
  /** Ends the attempt. */
  readonly stop: AbortController;
  /** Asks the host as a child would, with whatever comes to its mind. */
  readonly ask: (method: ToolMethod, params: JsonValue) => Promise<JsonValue>;
}

export interface PairOptions {
  readonly policy?: PolicyOptions;
  /** Tools of the host. */
  readonly host?: ToolSet;
  /** Tools of the handler. */
  readonly own?: ToolSet;
  readonly secrets?: readonly string[];
  readonly record?: Caller['record'];
  /** Answers what the policy asks for. */
  readonly approve?: BrokerPorts['ask'];
}

type ToolMethod = Exclude<Parameters<ToolPorts['call']>[0], 'remember'>;

/** Joins the two sides of the tools. */
export function toolPair({ policy = { allow: ['*'] }, host = {}, own, secrets = [], record, approve = () => Promise.reject(new Error('nobody is asked in this test')) }: PairOptions = {}): ToolPair {
  const [workspace, clock, stop, logged, events] = [temporaryDirectory(), new FakeClock(), new AbortController(), [] as string[], [] as EventDraft[]];
  onTestFinished(() => { stop.abort(); });
  const resolved = resolvePolicy(policy, 'policy');
  const log = (message: string): void => { logged.push(message); };
  const broker = new ToolBroker({
    tools: readHostTools(host), policyOf: ({ type }) => (type === 'gone' ? Promise.reject(new Error('the store is closed')) : resolved), ask: approve, redactor: new Redactor(secrets), clock, logger: { debug: log, info: log, warn: log, error: log },
  });
  const [task, remembered] = [makeRecord(), [] as JsonValue[]];
  const keep = (drafts: readonly EventDraft[]): Promise<boolean> => { events.push(...drafts); return Promise.resolve(true); };
  const caller: Caller = { task, workspace, signal: stop.signal, record: record ?? keep, giveSlot: () => Promise.resolve({ takeBack: () => Promise.resolve() }) };
  const methods: Record<ToolMethod, HostCall> = { toolStart: broker.start, toolEnd: broker.end, toolRun: broker.run, toolList: broker.list };
  const ask = (method: ToolMethod, params: JsonValue): Promise<JsonValue> => methods[method](caller, params);
  const { id, type, project, attempt, metadata, rootId } = task;
  const tools = createTools({
    call: (method, params) => {
      if (method !== 'remember') return ask(method, params);
      remembered.push(params);
      return Promise.resolve(null);
    },
    task: { id, type, project, attempt, metadata, rootId }, workspace, signal: stop.signal, ...(own === undefined ? {} : { tools: own }),
  });
  return { broker, caller, tools, workspace, clock, logged, events, remembered, stop, ask };
}

/** Lets everything happen that waits for nothing else. */
export function settle(): Promise<void> {
  return new Promise(setImmediate);
}
