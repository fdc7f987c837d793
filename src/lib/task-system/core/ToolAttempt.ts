import type { TaskEventData } from '../types/Events.ts';
import type { Caller } from '../types/HostCalls.ts';
import type { JsonValue } from '../types/Json.ts';
import type { ResolvedPolicy } from '../types/Policy.ts';
import type { Clock } from '../types/Ports.ts';
import { EventWriter } from './EventWriter.ts';

/** How many events of tools may be unwritten before a task has to wait. */
const MAX_UNWRITTEN = 1_024;
/** How many calls of an attempt may be under way; a task that never tells of an end must not fill the host. */
const MAX_OPEN = 256;
/** How many tools can be counted; their names come from the task. */
const MAX_COUNTED = 1_024;

type EndData = TaskEventData['task:tool:end'];
/** What is said of the end of a call. */
export type CallEnd = Pick<EndData, 'outcome' | 'message' | 'rule' | 'outputBytes'>;

interface OpenCall {
  readonly tool: string;
  readonly startedAt: number;
  readonly runsIn: 'task' | 'host';
  readonly onEnd: (() => void) | undefined;
}

/** What somebody who was asked has allowed. */
export interface Permit {
  readonly approvalId: string;
  /** To be called when the call has ended. */
  readonly done: () => void;
}

/** The calls of one attempt: which are under way, how often each tool was called, and what is told of them. */
export class ToolAttempt {
  /** What the attempt may do, once it has been read. */
  policy: ResolvedPolicy | undefined;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #writer: EventWriter;
  readonly #open = new Map<string, OpenCall>();
  readonly #counts = new Map<string, number>();
  #calls = 0;
  #isOver = false;

  constructor({ task, signal, record }: Pick<Caller, 'task' | 'signal' | 'record'>, clock: Clock, onLost: (error: unknown) => void) {
    this.#prefix = String(task.attempt);
    this.#clock = clock;
    this.#writer = new EventWriter(record, MAX_UNWRITTEN, onLost);
    if (signal.aborted) this.#end();
    else signal.addEventListener('abort', () => { this.#end(); }, { once: true });
  }

  /** Whether the attempt takes no more calls. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether as many calls are under way as there may be. */
  get isFull(): boolean {
    return this.#open.size >= MAX_OPEN;
  }

  /** How many calls of host tools are under way. */
  get hosted(): number {
    return [...this.#open.values()].filter(({ runsIn }) => runsIn === 'host').length;
  }

  /** Waits until what was told is stored, or nearly. */
  room(): Promise<void> {
    return this.#writer.room();
  }

  /** Counts a call, unless the tool was called `most` times already. */
  count(tool: string, most: number | undefined): boolean {
    if (most === undefined) return true;
    const calls = this.#counts.get(tool) ?? 0;
    if (calls >= most || (calls === 0 && this.#counts.size >= MAX_COUNTED)) return false;
    this.#counts.set(tool, calls + 1);
    return true;
  }

  /** Tells of a call that begins; returns its id. */
  begin(tool: string, input: JsonValue, runsIn: 'task' | 'host', permit?: Permit): string {
    const callId = this.#tell(tool, input, permit);
    this.#open.set(callId, { tool, startedAt: this.#clock.now(), runsIn, onEnd: permit?.done });
    return callId;
  }

  /** Tells of the end of a call, the first time it is said. */
  finish(callId: string, runsIn: 'task' | 'host', end: CallEnd): void {
    const call = this.#open.get(callId);
    if (call?.runsIn !== runsIn) return;
    this.#open.delete(callId);
    call.onEnd?.();
    this.#writer.push({ type: 'task:tool:end', data: { callId, tool: call.tool, durationMs: Math.max(0, this.#clock.now() - call.startedAt), ...end } });
  }

  /** Tells of a call that was over before it began. */
  refuse(tool: string, input: JsonValue, end: CallEnd): void {
    const callId = this.#tell(tool, input);
    this.#writer.push({ type: 'task:tool:end', data: { callId, tool, durationMs: 0, ...end } });
  }

  #tell(tool: string, input: JsonValue, permit?: Permit): string {
    const callId = `${this.#prefix}-${String(++this.#calls)}`;
    this.#writer.push({ type: 'task:tool:start', data: { callId, tool, input, ...(permit === undefined ? {} : { approvalId: permit.approvalId }) } });
    return callId;
  }

  /** Nothing of the attempt is left open: its outcome is stored next. */
  #end(): void {
    for (const [callId, { runsIn }] of this.#open) this.finish(callId, runsIn, { outcome: 'error', message: 'the attempt was over before the call' });
    this.#isOver = true;
    this.#writer.flush();
  }
}
