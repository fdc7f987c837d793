import { deserializeError, serializeError, TaskSystemError, type SerializedError } from '../../types/Errors.ts';
import type { TaskContext, TaskDefinition } from '../../types/Handler.ts';
import { encodeFrame } from '../../types/Frames.ts';
import { stringifyJson, type JsonValue } from '../../types/Json.ts';
import { messageOf } from '../../types/messageOf.ts';
import { PROTOCOL_VERSION, type HostMethod, type ParentMessage, type StartedTask } from '../../types/Protocol.ts';
import { describeIssues } from '../../types/StandardSchema.ts';
import { systemClock } from '../../types/Ports.ts';
import type { SubtaskOutcome } from '../../types/Subtasks.ts';
import { HandlerSubtasks } from '../HandlerSubtasks.ts';
import { LatestGate } from '../LatestGate.ts';
import { createTaskContext, type ProgressReport } from '../TaskContext.ts';
import { loadHandler } from './loadHandler.ts';
import type { Pace, Transport } from './ProcessTransport.ts';

const PROGRESS_INTERVAL_MS = 100;
const REHEARSED_TASK: StartedTask = { id: 'rehearsal', rootId: 'rehearsal', type: 'rehearsal', project: 'rehearsal', attempt: 1, maxAttempts: 1, input: null, metadata: {} };
const REHEARSED_HANDLER = 'data:text/javascript,export default { run: ({ signal }) => null };';
/** How many calls the host is asked at once, well below what it allows; a handler may start a hundred children in one go. */
const MAX_OPEN_CALLS = 32;

type LoadMessage = Extract<ParentMessage, { readonly type: 'load' }>;
type StartMessage = Extract<ParentMessage, { readonly type: 'start' }>;
type ReplyMessage = Extract<ParentMessage, { readonly type: 'reply' }>;

interface PendingCall {
  readonly resolve: (value: JsonValue) => void;
  readonly reject: (error: Error) => void;
}

/** The part of `process` that the runtime uses. */
export interface ChildHost {
  readonly pid: number;
  readonly env: NodeJS.ProcessEnv;
  title: string;
  chdir(directory: string): void;
  kill(pid: number, signal: NodeJS.Signals): unknown;
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (reason: unknown) => void): unknown;
}

/**
 * Runs one attempt inside the child: waits for `start`, loads the handler, runs it and reports exactly one outcome. It never
 * exits by itself: the host ends the process once it holds the outcome, so a last message cannot be lost.
 */
export class ChildRuntime {
  readonly #transport: Transport;
  readonly #host: ChildHost;
  readonly #kill: ChildHost['kill'];
  readonly #clean: () => void;
  readonly #progress: LatestGate<ProgressReport>;
  readonly #calls = new Map<number, PendingCall>();
  readonly #waitingCalls: (() => void)[] = [];
  #nextCall = 0;
  /** Made when the handler asks for its signal, or is to stop. */
  #stop: AbortController | undefined;
  #state: 'idle' | 'loading' | 'running' | 'done' = 'idle';
  #hasRehearsed = false;
  /** Whether the handler's module has been loaded, or could not be. */
  #isLoaded = false;
  #workspace = '';
  #project: string | undefined;
  #definition: Promise<TaskDefinition> | undefined;
  /** What broke while the handler was being loaded, by a chain of its own; told once there is a task to tell it of. */
  #brokenEarly: { readonly thrown: unknown } | undefined;

  /** @param clean closes descriptors that the process was handed without need. */
  constructor(transport: Transport, host: ChildHost, clean: () => void) {
    this.#transport = transport;
    this.#host = host;
    this.#clean = clean;
    // Kept before any code of the task runs, which may replace it.
    this.#kill = host.kill.bind(host);
    this.#progress = new LatestGate(PROGRESS_INTERVAL_MS, systemClock, (report: ProgressReport) => { transport.send({ type: 'progress', ...report }); });
  }

  /** Announces the process to its host and waits for work. */
  start(): void {
    this.#host.title = 'task-system: spare';
    this.#host.on('uncaughtException', (error) => { this.#break(error); });
    this.#host.on('unhandledRejection', (error) => { this.#break(error); });
    this.#transport.listen({
      onMessage: (message) => { this.#receive(message); },
      onGone: () => { this.#die(); },
      pace: () => this.#pace(),
    });
    this.#transport.send({ type: 'ready', version: PROTOCOL_VERSION });
  }

  #receive(message: ParentMessage): void {
    switch (message.type) {
      case 'clean':
        // Later on they would be the task's own.
        if (this.#state === 'idle') this.#clean();
        break;
      case 'rehearse':
        if (this.#state === 'idle') rehearse();
        this.#hasRehearsed = true;
        break;
      case 'load':
        if (this.#state === 'idle') this.#begin(message);
        break;
      case 'start':
        if (this.#state === 'loading') void this.#run(message).catch((error: unknown) => { this.#fail(error); });
        break;
      case 'abort':
        this.#stopper().abort(new DOMException(message.reason, message.cause === 'timeout' ? 'TimeoutError' : 'AbortError'));
        break;
      case 'reply':
        this.#answer(message);
        break;
    }
  }

  /** Between a module that is loaded and its task there are moments only; but modules of ECMAScript are loaded by the event loop. */
  #pace(): Pace {
    switch (this.#state) {
      case 'idle': return this.#hasRehearsed ? 'running' : 'still';
      case 'loading': return this.#isLoaded ? 'still' : 'running';
      case 'running': return 'running';
      case 'done': return 'over';
    }
  }

  #begin(message: LoadMessage): void {
    this.#state = 'loading';
    this.#workspace = message.workspace;
    this.#project = message.project;
    this.#definition = this.#load(message);
    const setLoaded = (): void => { this.#isLoaded = true; };
    // A failure is heard again by whoever runs it; until then it is nobody's unhandled rejection.
    this.#definition.then(setLoaded, setLoaded);
  }

  async #load({ workspace, env, moduleUrl }: LoadMessage): Promise<TaskDefinition> {
    this.#host.chdir(workspace);
    Object.assign(this.#host.env, { HOME: workspace, TMPDIR: workspace }, env);
    return loadHandler(moduleUrl);
  }

  async #run({ task, resultBytes, context: files, models, join }: StartMessage): Promise<void> {
    this.#state = 'running';
    this.#host.title = `task-system: ${task.type} ${task.id}`;
    if (this.#brokenEarly !== undefined) throw this.#brokenEarly.thrown;
    const definition = await this.#definition;
    if (definition === undefined) return;
    const input = await parseInput(definition, task.input);
    const stopper = (): AbortController => this.#stopper();
    const context = createTaskContext(task, input, this.#workspace, {
      send: (log) => { if (this.#state === 'running') this.#transport.send(log); },
      call: (method, params) => this.#call(method, params),
      reportProgress: (report) => { if (this.#state === 'running') this.#progress.push(report); },
      get signal() { return stopper().signal; },
      ...(files === undefined ? {} : { context: files }),
      ...(models === undefined ? {} : { models }),
      ...(this.#project === undefined ? {} : { projectPath: this.#project }),
      // What a child prints becomes log events of its task.
      onToolOutput: ({ stream, text }) => { process[stream].write(text); },
      ...(definition.tools === undefined ? {} : { tools: definition.tools }),
    });
    const result: unknown = join === undefined || definition.join === undefined
      ? await Reflect.apply(definition.run, definition, [context])
      : await Reflect.apply(definition.join, definition, [{ ...context, children: await childrenOf(context), returned: join.returned }]);
    this.#finish({ type: 'result', json: encodeResult(result, resultBytes), ...(join === undefined && definition.join !== undefined ? { joins: true } : {}) });
  }

  #stopper(): AbortController {
    this.#stop ??= new AbortController();
    return this.#stop;
  }

  #call(method: HostMethod, params: JsonValue): Promise<JsonValue> {
    const { promise, resolve, reject } = Promise.withResolvers<JsonValue>();
    const send = (): void => {
      const id = this.#nextCall++;
      this.#calls.set(id, { resolve, reject });
      this.#transport.send({ type: 'call', id, method, params });
    };
    if (this.#calls.size < MAX_OPEN_CALLS) send();
    else this.#waitingCalls.push(send);
    return promise;
  }

  #answer(reply: ReplyMessage): void {
    const call = this.#calls.get(reply.id);
    if (this.#calls.delete(reply.id)) this.#waitingCalls.shift()?.();
    if ('error' in reply) call?.reject(deserializeError(reply.error));
    else call?.resolve(reply.value);
  }

  /** A process that breaks before it has a task is no use: better none than one that keeps its task waiting. */
  #break(thrown: unknown): void {
    if (this.#state === 'idle') this.#die();
    else if (this.#state === 'loading') this.#brokenEarly ??= { thrown };
    else this.#fail(thrown);
  }

  #fail(thrown: unknown): void {
    this.#finish({ type: 'failure', error: asFailure(thrown) });
  }

  /** The first outcome counts; what goes wrong after it is nobody's business any more. */
  #finish(outcome: { type: 'result'; json: string; joins?: true } | { type: 'failure'; error: SerializedError }): void {
    if (this.#state === 'done') return;
    this.#progress.close();
    this.#state = 'done';
    this.#transport.send(outcome);
  }

  /** The host is gone: takes everything in its process group along, at once. */
  #die(): void {
    try {
      this.#kill(-this.#host.pid, 'SIGKILL');
    } catch {
      this.#kill(this.#host.pid, 'SIGKILL');
    }
  }
}

/**
 * A whole attempt without a task, a process or a host: what runs for the first time is compiled, and Node loads what it needs for its
 * first ES module. Without it a task would wait for that.
 */
function rehearse(): void {
  const nothing = (): void => undefined;
  let tell: (message: ParentMessage) => void = nothing;
  const transport: Transport = { send: encodeFrame, listen: ({ onMessage }) => { tell = onMessage; } };
  new ChildRuntime(transport, { pid: 0, env: {}, title: '', chdir: nothing, kill: nothing, on: nothing }, nothing).start();
  tell({ type: 'load', version: PROTOCOL_VERSION, moduleUrl: REHEARSED_HANDLER, workspace: '', env: {} });
  tell({ type: 'start', task: REHEARSED_TASK, resultBytes: Infinity });
}

function childrenOf({ subtasks }: TaskContext<unknown>): Promise<readonly SubtaskOutcome[]> {
  return subtasks instanceof HandlerSubtasks ? subtasks.outcomes() : Promise.resolve([]);
}

async function parseInput(definition: TaskDefinition, input: JsonValue): Promise<unknown> {
  if (definition.input === undefined) return input;
  const result = await definition.input['~standard'].validate(input);
  if (result.issues === undefined) return result.value;
  throw new TaskSystemError('INPUT_INVALID', describeIssues(result.issues), { where: 'handler schema' });
}

function encodeResult(result: unknown, maxBytes: number): string {
  const text = stringify(result);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  throw new TaskSystemError('TASK_RESULT_INVALID', `It has ${String(bytes)} bytes as JSON, ${String(maxBytes)} are allowed`, { bytes, maxBytes });
}

function stringify(result: unknown): string {
  if (result === undefined) return 'null';
  try {
    const text = stringifyJson(result);
    if (text !== undefined) return text;
  } catch (error) {
    throw new TaskSystemError('TASK_RESULT_INVALID', messageOf(error), {}, { cause: error });
  }
  throw new TaskSystemError('TASK_RESULT_INVALID', `A ${typeof result} is not JSON`);
}

/** Errors of this library keep their code; everything else is the handler's own failure. */
function asFailure(thrown: unknown): SerializedError {
  if (TaskSystemError.isInstance(thrown)) return serializeError(thrown);
  const cause = serializeError(thrown);
  return {
    name: 'TaskSystemError',
    code: 'TASK_FAILED',
    message: cause.message,
    ...(cause.stack === undefined ? {} : { stack: cause.stack }),
    retryable: cause.retryable ?? true,
    cause,
  };
}
