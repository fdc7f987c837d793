import type { EventDraft, TaskEventData } from './Events.ts';
import type { JsonValue } from './Json.ts';
import type { HostMethod } from './Protocol.ts';
import type { TaskRecord } from './TaskStore.ts';

/** The attempt on whose behalf the host does something. */
export interface Caller {
  readonly task: TaskRecord;
  /** Absolute path of its workspace, as the host sees it. */
  readonly workspace: string;
  /** Aborted when the attempt is being stopped or is over: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Stores events of this attempt, then emits them. False when the attempt has lost its task. */
  readonly record: (events: readonly EventDraft[]) => Promise<boolean>;
  /**
   * The attempt waits for something that may take long: gives its slot to others. The task is `waiting` until its slot was taken back.
   * @param children for how many children it waits; 0 when it waits for something else.
   * @throws TaskSystemError `WAITING_FULL` when as many attempts wait as may.
   */
  readonly giveSlot: (children: number) => Promise<GivenSlot>;
  /** Tells what a model says, to who listens now; undefined where nobody can. */
  readonly tellText?: (text: TaskEventData['task:text']) => void;
}

/** A slot that an attempt gave to others. */
export interface GivenSlot {
  /** Takes a slot again, ahead of new tasks; resolves when the task is `running`. Rejects when the attempt is being stopped first. */
  readonly takeBack: () => Promise<void>;
}

/** Answers one method of the channel. What it throws reaches the child as a rejection, with its code. `params` are not checked yet. */
export type HostCall = (caller: Caller, params: JsonValue) => Promise<JsonValue>;

/** Everything a child may ask its host for. */
export type HostCalls = Readonly<Record<HostMethod, HostCall>>;
