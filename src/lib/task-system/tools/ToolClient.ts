import { serializeError, TaskSystemError } from '../types/Errors.ts';
import { isRecord } from '../types/isRecord.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../types/Json.ts';
import { systemClock } from '../types/Ports.ts';
import type { CallOptions, ExecuteAny, ListedTool, OutputOf, TaskTools, ToolLike, ToolPorts, ToolSet } from '../types/Tools.ts';
import { unlessAborted } from '../types/unlessAborted.ts';
import { Place, runBuiltIn } from './builtin/BuiltIn.ts';
import { builtInTools } from './builtin/index.ts';
import { modelNames } from './modelNames.ts';
import { entriesOf, isReservedName, readTool, type ReadTool } from './readTools.ts';
import { aborted, checkInput, MAX_OUTPUT_BYTES, runTool, type CheckedInput } from './runTool.ts';
import { listedSchema } from './schema/readSchema.ts';
import { Turns } from './Turns.ts';

/** How many calls of host tools one task makes at once; the host refuses more. */
const MAX_HOST_CALLS = 16;

/** What a caller may say, an SDK or a handler. */
interface Asked extends CallOptions {
  readonly messages?: readonly unknown[];
}

/** What the host has granted. */
interface Grant {
  readonly callId: string;
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
}

/** The tools as a task has them: checks, asks the host, runs what runs here, and tells the host of the end. */
export class ToolClient implements TaskTools {
  readonly #ports: ToolPorts;
  readonly #tools = new Map<string, ReadTool>();
  readonly #wrapped = new WeakSet();
  readonly #hostCalls = new Turns(MAX_HOST_CALLS);

  constructor(ports: ToolPorts) {
    this.#ports = ports;
    const place = new Place(ports);
    for (const tool of builtInTools(ports.call)) {
      const read = readTool(tool.name, { ...tool, execute: undefined }, 'task', () => undefined);
      this.#tools.set(tool.name, { ...read, execute: (input, options) => runBuiltIn(tool, input, place, options) });
    }
    if (ports.tools !== undefined) this.#register(ports.tools);
  }

  readonly call: TaskTools['call'] = async (name, input, options = {}) => {
    const output = await this.#call(name, input, options);
    if (isOutputOf(name, output)) return output;
    throw aborted(name, undefined);
  };

  readonly wrap: TaskTools['wrap'] = (tools, execute) => {
    const names = this.#register(tools, execute);
    const replaced = names.map((name, index) => this.#withExecute(entriesOf(tools)[index]?.[1] ?? {}, name));
    const set = Array.isArray(tools) ? replaced : Object.fromEntries(Object.keys(tools).map((key, index) => [key, replaced[index]]));
    return isLike(tools, set) ? set : tools;
  };

  readonly list = async (): Promise<readonly ListedTool[]> => {
    const own = [...this.#tools.values()].filter(({ runsIn }) => runsIn === 'task');
    const answer = await this.#ports.call('toolList', { names: own.map(({ name }) => name) });
    const { allowed = [], host = [] } = isJsonObject(answer) ? answer : {};
    const isAllowed = (name: string): boolean => Array.isArray(allowed) && allowed.includes(name);
    const described = await Promise.all(own.filter(({ name }) => isAllowed(name)).map(async (tool) => ({ ...tool, schema: await tool.input.json() })));
    const hosted = (Array.isArray(host) ? host : []).filter(isJsonObject).map((tool) => ({ ...readTool(textOf(tool['name']), { ...tool, runsIn: 'host' }, 'task'), schema: objectOf(tool['inputSchema']) }));
    const all = [...described, ...hosted].sort((left, right) => (left.name < right.name ? -1 : 1));
    const names = modelNames(all.map(({ name }) => name));
    return all.map(({ name, description, schema, runsIn, annotations }) => this.#listed({
      name, modelName: names.get(name) ?? name, description, runsIn, annotations, inputSchema: listedSchema(schema),
      execute: (input, options) => this.#call(name, input, askedOf(options)),
    }));
  };

  #listed(tool: ListedTool): ListedTool {
    this.#wrapped.add(tool);
    return tool;
  }

  async #call(name: string, input: unknown, asked: Asked): Promise<JsonValue> {
    const tool = this.#tools.get(name);
    return tool === undefined || tool.runsIn === 'host' ? this.#callHost(name, input, asked) : this.#callHere(tool, input, asked);
  }

  async #callHost(name: string, input: unknown, { signal }: Asked): Promise<JsonValue> {
    const { json } = await checkInput({ name, input: { validate: (value) => ({ value }) } }, input);
    const running = this.#hostCalls.take(() => {
      if (signal?.aborted === true) throw aborted(name, signal.reason);
      return this.#ports.call('toolRun', { tool: name, input: json });
    });
    // The host goes on until it is done or out of time: its outcome stands in the events.
    return signal === undefined ? running : unlessAborted(running, signal, (reason) => aborted(name, reason));
  }

  async #callHere(tool: ReadTool, raw: unknown, asked: Asked): Promise<JsonValue> {
    const input = await this.#check(tool, raw);
    if (asked.signal?.aborted === true) throw aborted(tool.name, asked.signal.reason);
    const grant = readGrant(await this.#ports.call('toolStart', { tool: tool.name, input: input.json }));
    return this.#run(tool, input, asked, grant);
  }

  async #run(tool: ReadTool, input: CheckedInput, asked: Asked, { callId, timeoutMs, maxOutputBytes }: Grant): Promise<JsonValue> {
    const signal = asked.signal === undefined ? this.#ports.signal : AbortSignal.any([this.#ports.signal, asked.signal]);
    const options = { toolCallId: callId, messages: asked.messages ?? [], task: this.#ports.task, onOutput: asked.onOutput ?? this.#ports.onOutput ?? (() => undefined) };
    try {
      const limits = { timeoutMs: Math.min(tool.timeoutMs, timeoutMs ?? Infinity), maxOutputBytes: maxOutputBytes ?? MAX_OUTPUT_BYTES, signal, clock: systemClock };
      const { value, bytes } = await runTool(tool, input.value, options, limits);
      this.#tell({ callId, outcome: 'ok', outputBytes: bytes });
      return value;
    } catch (error) {
      this.#tell({ callId, outcome: 'error', message: serializeError(error).message.slice(0, 4_096) });
      throw error;
    }
  }

  /** A call that fails its schema is told as well: who watches wants to know what a model gets wrong. */
  async #check(tool: ReadTool, raw: unknown): Promise<CheckedInput> {
    try {
      return await checkInput(tool, raw);
    } catch (error) {
      this.#tell({ tool: tool.name, outcome: 'error', message: serializeError(error).message.slice(0, 4_096) });
      throw error;
    }
  }

  /** Nobody waits for it: that a call has ended is for those who watch. */
  #tell(end: JsonObject): void {
    this.#ports.call('toolEnd', end).catch(() => undefined);
  }

  #register(set: ToolSet, execute?: ExecuteAny): readonly string[] {
    return entriesOf(set).map(([name, tool]) => {
      if (this.#wrapped.has(tool)) return name ?? '';
      const read = readTool(name, tool, 'task', execute);
      if (isReservedName(read.name)) throw new TaskSystemError('TOOL_INVALID', `Tool "${read.name}": the names of built-in tools are taken`, { tool: read.name });
      this.#tools.set(read.name, read);
      return read.name;
    });
  }

  #withExecute(tool: ToolLike, name: string): ToolLike {
    if (this.#wrapped.has(tool)) return tool;
    const wrapped: ToolLike = { ...tool, execute: (input: unknown, options?: unknown) => this.#call(name, input, askedOf(options)) };
    this.#wrapped.add(wrapped);
    return wrapped;
  }
}

/** Of which type an output is, is known by the name of its tool alone: nothing can be seen of it in the value. */
function isOutputOf<Name extends string>(_name: Name, _output: unknown): _output is OutputOf<Name> {
  return true;
}

/** Wrapped tools are the originals with another function. */
function isLike<Tools>(_tools: Tools, _wrapped: unknown): _wrapped is Tools {
  return true;
}

/** What SDKs pass beside the input. */
function askedOf(options: unknown): Asked {
  if (!isRecord(options)) return {};
  const signal = options['abortSignal'] ?? options['signal'];
  const messages: readonly unknown[] | undefined = Array.isArray(options['messages']) ? options['messages'] : undefined;
  return { ...(signal instanceof AbortSignal ? { signal } : {}), ...(messages === undefined ? {} : { messages }) };
}

function readGrant(value: JsonValue): Grant {
  const { callId, timeoutMs, maxOutputBytes } = isJsonObject(value) ? value : {};
  return {
    callId: textOf(callId),
    ...(typeof timeoutMs === 'number' ? { timeoutMs } : {}),
    ...(typeof maxOutputBytes === 'number' ? { maxOutputBytes } : {}),
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
