import { serializeError } from '../types/Errors.ts';
import type { Redactor } from '../tools/secrets/Redactor.ts';
import type { TransientDraft } from '../realtime/EventEmitter.ts';
import type { AttemptLimiter } from '../policy/ResourceLimiter.ts';
import type { NetworkAccess } from '../policy/network/NetworkProxy.ts';
import type { NetworkTraffic } from '../policy/network/ProxyAccess.ts';
import type { LimitBreach } from '../policy/limits/usage.ts';
import type { StartContext } from '../types/Context.ts';
import type { Caller } from '../types/HostCalls.ts';
import { parseJson, type JsonValue } from '../types/Json.ts';
import type { StartModels } from '../types/Models.ts';
import type { Clock, Timer } from '../types/Ports.ts';
import type { AbortCause, HostMethod, ParentMessage } from '../types/Protocol.ts';
import type { ChildMessage } from '../types/ProtocolSchema.ts';
import type { TaskProgress, TaskUsage } from '../types/Task.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import { LatestGate } from './LatestGate.ts';
import { outcomeOf, type Outcome, type TerminationReason } from './outcome.ts';
import { OutputCollector } from './OutputCollector.ts';
import type { TaskProcess } from './TaskProcess.ts';

const PROGRESS_INTERVAL_MS = 100;
const TERM_GRACE_MS = 500;
const MAX_PENDING_CALLS = 64;

/** The ways to stop an attempt from outside. */
export type StopReason = Extract<TerminationReason, { readonly kind: 'timeout' | 'cancel' | 'shutdown' }>;

/** What one attempt is given. */
export interface SessionSettings {
  readonly workspace: string;
  readonly logPath: string;
  readonly timeoutMs: number;
  readonly stopGraceMs: number;
  readonly resultBytes: number;
  /** What the task is told of its project. */
  readonly context: StartContext;
  /** Models that the task may call. */
  readonly models?: StartModels;
  readonly outputBytes: number;
}

/** Who hears what happens during an attempt. */
export interface SessionPorts {
  readonly clock: Clock;
  readonly limiter: AttemptLimiter;
  /** An event that is not stored (progress, log). */
  readonly emit: (draft: TransientDraft) => void;
  /** A warning, which is stored. */
  readonly warn: (code: string, message: string) => void;
  /** Takes secrets out of what the task says. */
  readonly redactor: Redactor;
  /** Its way to the network, if it has one; cut when the outcome is known. */
  readonly network?: Pick<NetworkAccess, 'close'> & { readonly access: { readonly traffic: NetworkTraffic } };
  /** The child asks for something. */
  readonly call: (method: HostMethod, params: JsonValue, attempt: Pick<Caller, 'workspace' | 'signal'>) => Promise<JsonValue>;
}

/**
 * One attempt: its child process, workspace, output, time limit and channel together. `run` resolves when the outcome is known
 * and every process of the attempt is gone.
 */
export class TaskSession {
  readonly #task: TaskRecord;
  readonly #process: TaskProcess;
  readonly #settings: SessionSettings;
  readonly #ports: SessionPorts;
  readonly #progressGate: LatestGate<TaskProgress>;
  readonly #over = Promise.withResolvers<undefined>();
  readonly #timers: Timer[] = [];
  readonly #ending = new AbortController();
  #reason: TerminationReason | undefined;
  #progress: TaskProgress | undefined;
  #usage: TaskUsage | undefined;
  #pendingCalls = 0;

  constructor(task: TaskRecord, process: TaskProcess, settings: SessionSettings, ports: SessionPorts) {
    this.#task = task;
    this.#process = process;
    this.#settings = settings;
    this.#ports = ports;
    this.#progressGate = new LatestGate(PROGRESS_INTERVAL_MS, ports.clock, (progress: TaskProgress) => {
      ports.emit({ type: 'task:progress', data: progress });
    });
  }

  /** The newest progress the handler reported. */
  get progress(): TaskProgress | undefined {
    return this.#progress;
  }

  /** What the attempt used, once it is over. */
  get usage(): TaskUsage | undefined {
    return this.#usage;
  }

  /** Runs the attempt to its end; its process has been told what to load. */
  async run(): Promise<Outcome> {
    const { timeoutMs, resultBytes } = this.#settings;
    const output = this.#collectOutput();
    this.#process.listen({
      onMessage: (message) => { this.#receive(message); },
      onFault: (fault) => { this.#conclude({ kind: 'protocol', fault }); },
    });
    void this.#process.exited.then((exit) => { this.#conclude({ kind: 'exit', exit, wasUp: this.#process.isUp }); });
    this.#after(timeoutMs, () => { this.stop({ kind: 'timeout', timeoutMs }); });
    this.#process.send(this.#startMessage());
    this.#watchLimits();
    await this.#over.promise;
    for (const timer of this.#timers) timer.cancel();
    const traffic = this.#ports.network?.access.traffic;
    this.#ports.network?.close();
    const peaks = await this.#ports.limiter.finish();
    await this.#end();
    await output.finish(this.#ports.clock);
    this.#progressGate.close();
    this.#usage = {
      cpuMs: peaks.cpuMs, peakMemoryBytes: peaks.memoryBytes, peakProcesses: peaks.processes, outputBytes: output.bytes,
      ...(peaks.workspaceBytes === undefined ? {} : { peakWorkspaceBytes: peaks.workspaceBytes }),
      ...(traffic === undefined ? {} : { sentBytes: traffic.sentBytes, receivedBytes: traffic.receivedBytes }),
    };
    return this.#redacted(outcomeOf(this.#explained(output.tail), this.#task.id, output.tail, resultBytes));
  }

  /**
   * Stops the attempt: tells the child, waits for its grace, then SIGTERM, then SIGKILL for the whole tree. The first reason
   * counts, and an attempt whose outcome is known already keeps it.
   */
  stop(reason: StopReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#ending.abort();
    this.#process.send({ type: 'abort', cause: ABORT_CAUSES[reason.kind], reason: abortText(reason) });
    this.#after(this.#settings.stopGraceMs, () => {
      this.#process.terminate();
      this.#after(TERM_GRACE_MS, () => { this.#over.resolve(undefined); });
    });
  }

  #receive(message: ChildMessage): void {
    switch (message.type) {
      case 'ready':
        break;
      case 'progress': {
        const { type: _type, ...progress } = this.#ports.redactor.values(message);
        this.#progress = progress;
        this.#progressGate.push(progress);
        break;
      }
      case 'log':
        this.#ports.emit({ type: 'task:log', data: { stream: 'log', level: message.level, text: message.text, ...(message.data === undefined ? {} : { data: message.data }) } });
        break;
      case 'call':
        void this.#answer(message.id, message.method, message.params);
        break;
      case 'result':
        this.#conclude({ kind: 'result', json: message.json, ...(message.joins === true ? { joins: true } : {}) });
        break;
      case 'failure':
        this.#conclude({ kind: 'failure', error: message.error });
        break;
    }
  }

  async #answer(id: number, method: HostMethod, params: JsonValue): Promise<void> {
    if (this.#pendingCalls >= MAX_PENDING_CALLS) {
      this.#conclude({ kind: 'protocol', fault: `more than ${String(MAX_PENDING_CALLS)} calls at once` });
      return;
    }
    this.#pendingCalls++;
    try {
      this.#process.send({ type: 'reply', id, value: await this.#ports.call(method, params, { workspace: this.#settings.workspace, signal: this.#ending.signal }) });
    } catch (error) {
      this.#process.send({ type: 'reply', id, error: serializeError(error) });
    } finally {
      this.#pendingCalls--;
    }
  }

  #collectOutput(): OutputCollector {
    const { logPath, outputBytes } = this.#settings;
    return new OutputCollector(this.#process, logPath, outputBytes, {
      onText: (stream, text) => { this.#ports.emit({ type: 'task:log', data: { stream, level: stream === 'stderr' ? 'warn' : 'info', text } }); },
      onTruncated: (limit) => { this.#ports.warn('OUTPUT_TRUNCATED', `more than ${String(limit)} bytes of output; the rest is thrown away`); },
      onExcess: (allowed, seen) => { this.#breach({ limit: 'output', unit: 'bytes', allowed, seen, peak: seen, mechanism: 'watched' }); },
    }, this.#ports.redactor);
  }

  /** What is stored and told to everybody. */
  #redacted(outcome: Outcome): Outcome {
    const { redactor } = this.#ports;
    switch (outcome.kind) {
      case 'completed': return { ...outcome, resultJson: redactor.json(outcome.resultJson) };
      case 'failed': return { ...outcome, error: redactor.error(outcome.error) };
      case 'cancelled': case 'interrupted': return outcome;
    }
  }

  #watchLimits(): void {
    this.#ports.limiter.start({
      onUsage: ({ cpuMs, memoryBytes, processes }) => { this.#ports.emit({ type: 'task:usage', data: { cpuMs, memoryBytes, processes } }); },
      onBreach: (breach) => { this.#breach(breach); },
    });
  }

  /** Without any grace: what runs away does not stop for being asked. */
  #breach(breach: LimitBreach): void {
    this.#conclude({ kind: 'limit', breach });
  }

  /** Why the attempt is over; an end by the process's own hand may have been a limit of the kernel. */
  #explained(output: string): TerminationReason {
    const reason = this.#reason ?? { kind: 'shutdown' };
    if (reason.kind === 'exit') {
      const breach = this.#ports.limiter.explainExit({ ...reason.exit, output });
      return breach === undefined ? reason : { kind: 'limit', breach };
    }
    if (reason.kind !== 'failure') return reason;
    const breach = this.#ports.limiter.explainFailure(reason.error);
    return breach === undefined ? reason : { kind: 'limit', breach, cause: reason.error };
  }

  /** The child has nothing more to say. */
  #conclude(reason: TerminationReason): void {
    this.#reason ??= reason;
    this.#ending.abort();
    this.#over.resolve(undefined);
  }

  async #end(): Promise<void> {
    const survivors = await this.#process.destroy();
    if (survivors.length > 0) this.#ports.warn('PROCESS_SURVIVED', `processes that could not be ended: ${survivors.join(', ')}`);
  }

  #after(delayMs: number, callback: () => void): void {
    this.#timers.push(this.#ports.clock.setTimer(delayMs, callback));
  }

  #startMessage(): ParentMessage {
    const { id, type, project, attempt, maxAttempts, metadata, rootId, parentId, inputJson, isJoining, resultJson } = this.#task;
    const input = parseJson(inputJson);
    const { resultBytes, context, models } = this.#settings;
    const task = { id, type, project, attempt, maxAttempts, metadata, rootId, input, ...(parentId === undefined ? {} : { parentId }) };
    return {
      type: 'start', task, resultBytes, context, ...(models === undefined ? {} : { models }),
      ...(isJoining === true ? { join: { returned: parseJson(resultJson ?? 'null') } } : {}),
    };
  }
}

const ABORT_CAUSES = { timeout: 'timeout', cancel: 'cancelled', shutdown: 'shutdown' } as const satisfies Record<StopReason['kind'], AbortCause>;

function abortText(reason: StopReason): string {
  switch (reason.kind) {
    case 'timeout': return `the attempt had ${String(reason.timeoutMs)} ms`;
    case 'cancel': return reason.reason;
    case 'shutdown': return 'the host is closing';
  }
}
