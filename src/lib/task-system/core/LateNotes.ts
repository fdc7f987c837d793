import type { TaskEvents } from '../realtime/EventEmitter.ts';
import { serializeError } from '../types/Errors.ts';
import type { EventDraft } from '../types/Events.ts';
import type { FamilyStore } from '../types/FamilyStore.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import { isTerminal, type TerminalState } from '../types/TaskState.ts';
import type { Settlement, TaskRecord } from '../types/TaskStore.ts';
import type { ProjectContext } from './ProjectContext.ts';

/** How many entries that an earlier host did not get to write are written at a start. */
const MAX_LEFT = 1_000;

/** What late notes are written with. */
export interface LateNotesPorts {
  readonly store: { readonly families: Pick<FamilyStore, 'unremembered' | 'remembered'> };
  readonly context: Pick<ProjectContext, 'finish'>;
  readonly events: Pick<TaskEvents, 'emit'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What is to be remembered of tasks that ended without a process, such as parents that waited for their children. Their notes stay in the
 * store until they are written: a host that dies meanwhile leaves them to the next one. Nobody waits for it but the end of the system.
 */
export class LateNotes {
  readonly #ports: LateNotesPorts;
  readonly #underWay = new Set<Promise<void>>();

  constructor(ports: LateNotesPorts) {
    this.#ports = ports;
  }

  /** Writes what an earlier host left behind. */
  writeLeft(): void {
    this.#aside(this.#writeLeft());
  }

  /** Writes what there is to remember of a task, if it has ended and its notes were kept. */
  write(task: TaskRecord): void {
    if (task.notesJson !== undefined && isTerminal(task.state)) this.#aside(this.#write(task, task.state));
  }

  /** Resolves when nothing is under way. */
  async written(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #writeLeft(): Promise<void> {
    for (const task of await this.#ports.store.families.unremembered(MAX_LEFT)) {
      if (isTerminal(task.state)) await this.#write(task, task.state);
    }
  }

  async #write(task: TaskRecord, state: TerminalState): Promise<void> {
    const { context, store, clock, events } = this.#ports;
    const drafts: EventDraft[] = [];
    await context.finish(task, endingOf(task, state), undefined, (own) => { drafts.push(...own); return Promise.resolve(true); });
    for (const event of await store.families.remembered(task.id, drafts, clock.now()) ?? []) events.emit(event);
  }

  #aside(work: Promise<void>): void {
    const done = work.catch((error: unknown) => {
      this.#ports.logger.error('what is to be remembered could not be stored; it is tried again at the next start', { error: serializeError(error) });
    }).finally(() => { this.#underWay.delete(done); });
    this.#underWay.add(done);
  }
}

/** The outcome of a task that no attempt settled, as the memory wants it. */
function endingOf(task: TaskRecord, to: TerminalState): Settlement {
  const { id: taskId, fence, finishedAt: time = 0, resultJson, error } = task;
  return {
    taskId, fence, to, time, event: { type: 'task:complete', data: { durationMs: 0, resultBytes: 0 } },
    ...(resultJson === undefined ? {} : { resultJson }), ...(error === undefined ? {} : { error }),
  };
}
