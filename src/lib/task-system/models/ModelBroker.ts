import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4Usage } from '@ai-sdk/provider';
import type { Spend } from '../types/Budgets.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { ModelCallEnd } from '../types/Events.ts';
import type { Caller } from '../types/HostCalls.ts';
import { parseJson, type JsonObject, type JsonValue } from '../types/Json.ts';
import { MAX_MODEL_REQUEST_BYTES, MAX_MODEL_RESPONSE_BYTES, MAX_OPEN_MODEL_CALLS, type ModelOrder } from '../types/ModelCalls.ts';
import type { ResolvedModel } from '../types/Models.ts';
import type { Clock } from '../types/Ports.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import type { Admission, Budgets } from './Budgets.ts';
import { ModelGate } from './ModelGate.ts';
import { openModel } from './openModel.ts';
import { readOrder } from './orders.ts';
import { PartBuffer } from './PartBuffer.ts';
import { encodePart, encodeResult, type EncodedPart } from './parts.ts';
import { priceOf } from './price.ts';
import { ProviderCall, type BegunStream } from './ProviderCall.ts';
import { TextTeller } from './TextTeller.ts';
import { ignoredFields, providerTools, readRequest } from './request.ts';

/** What the broker needs of its surroundings. */
export interface BrokerPorts {
  readonly options: Pick<ResolvedOptions, 'models'>;
  /** Names of the models that a task may call; undefined: all. */
  readonly modelsOf: (task: Caller['task']) => readonly string[] | undefined;
  readonly budgets: Budgets;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether the policy of a task allows a tool that runs at the provider. */
  readonly mayUse: (caller: Caller, tool: string, args: JsonValue) => boolean;
}

/** A model that was opened, with the way to it. */
interface OpenModel {
  readonly settings: ResolvedModel;
  readonly gate: ModelGate;
  readonly language: Promise<LanguageModelV4>;
}

/** A call that a task has under way. */
interface OpenCall {
  readonly controller: AbortController;
  readonly buffer: PartBuffer;
  readonly signal: AbortSignal;
}

type CallOrder = Extract<ModelOrder, { readonly op: 'generate' | 'stream' }>;

/** A call from its admission to its end. */
interface RunningCall {
  readonly caller: Caller;
  readonly model: OpenModel;
  readonly admission: Admission;
  readonly provider: ProviderCall;
  readonly request: LanguageModelV4CallOptions;
  readonly callId: string;
  readonly warnings: readonly JsonValue[];
}

const BYTES_PER_TOKEN = 4;
/** What an answer is taken to need that is not bounded. */
const GUESSED_OUTPUT_TOKENS = 2_000;
/** Below this, what is left of a budget bounds the answer itself; many models refuse larger bounds. */
const CLAMP_TOKENS = 4_096;

/** Calls the models of the host for its tasks: with the key that they do not have, within budgets, limits and the policy. */
export class ModelBroker {
  readonly #ports: BrokerPorts;
  readonly #models = new Map<string, OpenModel>();
  readonly #calls = new WeakMap<AbortSignal, Map<number, OpenCall>>();

  constructor(ports: BrokerPorts) {
    this.#ports = ports;
  }

  /** Carries out one order of a task. @throws TaskSystemError a `MODEL_…` code, or `BUDGET_SPENT`. */
  async call(caller: Caller, params: JsonValue): Promise<JsonValue> {
    const order = readOrder(params);
    switch (order.op) {
      case 'describe': return this.#describe(caller, order.model);
      case 'generate': return this.#within(caller, order, (call) => this.#generate(caller, order, call));
      case 'stream': return this.#within(caller, order, (call) => this.#stream(caller, order, call));
      case 'pull': return this.#pull(caller, order.call);
      case 'abort': return this.#abort(caller, order.call);
    }
  }

  async #describe(caller: Caller, name: string): Promise<JsonValue> {
    const { supportedUrls } = await this.#require(caller, name).language;
    const patterns = Object.entries(await supportedUrls).map(([media, expressions]) => [media, expressions.map(({ source, flags }) => [source, flags])] as const);
    return { supportedUrls: Object.fromEntries(patterns) };
  }

  /** Registers the call, so that it can be pulled and aborted. What a stream leaves open is closed at its end. */
  async #within(caller: Caller, { call, op }: CallOrder, work: (open: OpenCall) => Promise<JsonValue>): Promise<JsonValue> {
    const calls = this.#calls.get(caller.signal) ?? new Map<number, OpenCall>();
    this.#calls.set(caller.signal, calls);
    if (calls.has(call) || calls.size >= MAX_OPEN_MODEL_CALLS) {
      throw new TaskSystemError('MODEL_BUSY', `Task ${caller.task.id} has ${String(calls.size)} calls under way, at most ${String(MAX_OPEN_MODEL_CALLS)} are allowed`, { taskId: caller.task.id });
    }
    const controller = new AbortController();
    const open = { controller, buffer: new PartBuffer(), signal: AbortSignal.any([controller.signal, caller.signal]) };
    calls.set(call, open);
    try {
      const value = await work(open);
      if (op === 'generate') calls.delete(call);
      return value;
    } catch (error) {
      calls.delete(call);
      throw error;
    }
  }

  async #generate(caller: Caller, order: CallOrder, open: OpenCall): Promise<JsonValue> {
    const running = await this.#start(caller, order, open);
    try {
      const result = await running.provider.generate(running.request);
      const { value, bytes } = encodeResult({ ...result, warnings: [...result.warnings, ...running.warnings.filter(isWarning)] });
      this.#end(running, 'ok', result.usage);
      if (bytes > MAX_MODEL_RESPONSE_BYTES) throw tooLarge(order.model, bytes);
      return value;
    } catch (error) {
      this.#end(running, error);
      throw error;
    }
  }

  async #stream(caller: Caller, order: CallOrder, open: OpenCall): Promise<JsonValue> {
    const running = await this.#start(caller, order, open);
    let begun: BegunStream;
    try {
      begun = await running.provider.stream(running.request);
    } catch (error) {
      this.#end(running, error);
      throw error;
    }
    void this.#pump(running, begun, open.buffer).finally(() => { open.buffer.end(); });
    return null;
  }

  /** From the provider to the buffer, as fast as the task takes it away. */
  async #pump(running: RunningCall, { head, rest }: BegunStream, buffer: PartBuffer): Promise<void> {
    let usage: LanguageModelV4Usage | undefined;
    let bytes = 0;
    const pending = [...head];
    const { caller, callId, model: { settings } } = running;
    const teller = new TextTeller({ callId, model: settings.name }, (text) => { caller.tellText?.(text); }, this.#ports.clock);
    try {
      for (let part = pending.shift() ?? await running.provider.next(rest); part !== undefined; part = pending.shift() ?? await running.provider.next(rest)) {
        if (part.type === 'finish') usage = part.usage;
        if (part.type === 'text-delta') teller.add(part.delta);
        if (part.type === 'stream-start') part.warnings.push(...running.warnings.filter(isWarning));
        const encoded: EncodedPart = part.type === 'error' ? errorPart(running.provider.explainPart(part.error)) : encodePart(part);
        bytes += encoded.bytes;
        if (bytes > MAX_MODEL_RESPONSE_BYTES) throw tooLarge(settings.name, bytes);
        // Also who waits for room is stopped when time is up, or the task has gone.
        await running.provider.unlessStopped(buffer.push(encoded));
      }
      teller.end();
      this.#end(running, 'ok', usage);
    } catch (error) {
      teller.end();
      rest.cancel().catch(() => undefined);
      this.#end(running, error, usage);
      void buffer.push(errorPart(error));
    }
  }

  async #pull(caller: Caller, call: number): Promise<JsonValue> {
    const calls = this.#calls.get(caller.signal);
    const open = calls?.get(call);
    if (open === undefined || open.buffer.isAwaited) throw new TaskSystemError('MODEL_BUSY', `Task ${caller.task.id} asks for parts of call ${String(call)}, which cannot be`, { taskId: caller.task.id, call });
    const { parts, isDone } = await open.buffer.take();
    if (isDone) calls?.delete(call);
    return { parts, isDone };
  }

  /** A call that nobody will pull any more is none. */
  #abort(caller: Caller, call: number): null {
    const calls = this.#calls.get(caller.signal);
    calls?.get(call)?.controller.abort(new DOMException('aborted by the task', 'AbortError'));
    calls?.delete(call);
    return null;
  }

  /** Everything that comes before the provider is asked. */
  async #start(caller: Caller, { op, call, model: name, options, isTurn }: CallOrder, { signal }: OpenCall): Promise<RunningCall> {
    const { clock, random, budgets } = this.#ports;
    const model = this.#require(caller, name);
    const requestBytes = JSON.stringify(options).length;
    if (requestBytes > MAX_MODEL_REQUEST_BYTES) throw new TaskSystemError('MODEL_REQUEST_INVALID', `The request to "${name}" has ${String(requestBytes)} bytes`, { model: name, requestBytes });
    const request = readRequest(options, model.settings);
    this.#refuseTools(caller, options);
    const language = await model.language;
    const admission = await budgets.admit(caller, { modelCalls: 1, turns: isTurn === true ? 1 : 0 }, guess(requestBytes, request, model.settings), signal);
    const callId = `${String(caller.task.attempt)}.${String(call)}`;
    caller.record([{ type: 'task:model:start', data: { callId, model: name, kind: op, requestBytes } }]).catch(() => false);
    const provider = new ProviderCall({ model: language, settings: model.settings, gate: model.gate, clock, random }, signal);
    return { caller, model, admission, provider, request: clamped(request, admission.outputTokensLeft), callId, warnings: ignoredFields(options).map(toWarning) };
  }

  #require(caller: Caller, name: string): OpenModel {
    const { modelsOf, options: { models } } = this.#ports;
    const allowed = modelsOf(caller.task) ?? [...models.keys()];
    const settings = allowed.includes(name) ? models.get(name) : undefined;
    if (settings === undefined) throw new TaskSystemError('MODEL_UNKNOWN', `Task ${caller.task.id} may call: ${allowed.join(', ')}`, { taskId: caller.task.id, model: name });
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    const opened = { settings, gate: new ModelGate(settings, this.#ports.clock), language: openModel(settings) };
    // Heard by whoever calls it; a package that is installed later needs a new start.
    opened.language.catch(() => undefined);
    this.#models.set(name, opened);
    return opened;
  }

  #refuseTools(caller: Caller, options: JsonObject): void {
    for (const { id, args } of providerTools(options)) {
      const tool = `provider.${id}`;
      if (!this.#ports.mayUse(caller, tool, args)) throw new TaskSystemError('MODEL_TOOL_REFUSED', `Task ${caller.task.id}: ${tool}`, { taskId: caller.task.id, tool });
    }
  }

  /** Writes down what the call came to. `outcome` is what it threw, or 'ok'. */
  #end({ caller, model: { settings }, admission, provider, callId }: RunningCall, outcome: unknown, usage?: LanguageModelV4Usage): void {
    const spent = spendOf(usage, settings);
    admission.finish(spent);
    const { durationMs, firstTokenMs, attempts } = provider;
    provider.end();
    const isAborted = outcome instanceof DOMException && outcome.name === 'AbortError';
    const problem = outcome === 'ok' || isAborted ? undefined : serializeError(outcome);
    const data: ModelCallEnd = {
      callId, model: settings.name, durationMs, attempts, outcome: outcome === 'ok' ? 'ok' : isAborted || caller.signal.aborted ? 'aborted' : 'error',
      ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
      ...(usage === undefined ? {} : spent),
      ...(problem?.code === undefined ? {} : { code: problem.code }),
      ...(problem === undefined ? {} : { message: problem.message.slice(0, 1_024) }),
    };
    caller.record([{ type: 'task:model:end', data }]).catch(() => false);
  }
}

function guess(requestBytes: number, { maxOutputTokens = GUESSED_OUTPUT_TOKENS }: LanguageModelV4CallOptions, { price }: ResolvedModel): Partial<Spend> {
  const [inputTokens, outputTokens] = [Math.ceil(requestBytes / BYTES_PER_TOKEN), maxOutputTokens];
  return { inputTokens, outputTokens, cost: priceOf(price, { inputTokens, outputTokens, cachedTokens: 0 }) };
}

/** Close to the end of a budget the answer itself is bounded. */
function clamped(request: LanguageModelV4CallOptions, left: number | undefined): LanguageModelV4CallOptions {
  if (left === undefined || (left >= CLAMP_TOKENS && left >= (request.maxOutputTokens ?? 0))) return request;
  return { ...request, maxOutputTokens: Math.max(1, Math.min(left, request.maxOutputTokens ?? left)) };
}

function spendOf(usage: LanguageModelV4Usage | undefined, { price }: ResolvedModel): Pick<Spend, 'inputTokens' | 'outputTokens' | 'cost'> {
  const inputTokens = amount(usage?.inputTokens.total);
  const outputTokens = amount(usage?.outputTokens.total);
  return { inputTokens, outputTokens, cost: priceOf(price, { inputTokens, outputTokens, cachedTokens: amount(usage?.inputTokens.cacheRead) }) };
}

/** Providers say what they like. */
function amount(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : 0;
}

function errorPart(error: unknown): EncodedPart {
  const value = parseJson(JSON.stringify({ type: 'error', error: serializeError(error) }));
  return { value, bytes: 0 };
}

interface Warning { readonly [key: string]: string; readonly type: 'other'; readonly message: string }

function toWarning(field: string): Warning {
  return { type: 'other', message: `${field} of a call are set by the host (models.<name>.providerOptions); those of the task were left out` };
}

function isWarning(value: JsonValue): value is Warning {
  return typeof value === 'object';
}

function tooLarge(model: string, bytes: number): TaskSystemError {
  return new TaskSystemError('MODEL_RESPONSE_TOO_LARGE', `The model "${model}" had said ${String(bytes)} bytes when it was stopped`, { model, bytes });
}
