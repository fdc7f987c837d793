import { serializeError } from '../types/Errors.ts';
import { isTerminalEvent, type EventDraft, type EventEnvelope, type TaskEvent } from '../types/Events.ts';
import type { ActiveMember, FamilyStore } from '../types/FamilyStore.ts';
import type { Clock, Logger, Timer } from '../types/Ports.ts';
import { rollUp, type RolledUp } from './rollUp.ts';

/** How often the progress of one tree is told at most. */
const INTERVAL_MS = 100;

/** What the hierarchy works with. */
export interface HierarchyPorts {
  readonly families: Pick<FamilyStore, 'numbers'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the handler of a task that runs here reported last, in percent. */
  readonly reported: (taskId: string) => number | undefined;
  /** Emits an event that is not stored. */
  readonly emit: (subject: Omit<EventEnvelope, 'epoch' | 'offset' | 'time' | 'seq'>, draft: Extract<EventDraft, { readonly type: 'task:progress' }>) => void;
}

interface Tree {
  /** What was told last of each task. */
  readonly told: Map<string, string>;
  /** The order in which tasks were told last. */
  readonly turns: Map<string, number>;
  turn: number;
  timer?: Timer;
  isStale: boolean;
}

/**
 * Tells how far the tasks with children are whenever something happens below them: one event per tree and interval, of the task that
 * has news and was not told of for longest. What a task ends with is told by who ends it.
 */
export class TaskHierarchy {
  readonly #ports: HierarchyPorts;
  readonly #trees = new Map<string, Tree>();
  #isClosed = false;

  constructor(ports: HierarchyPorts) {
    this.#ports = ports;
  }

  /** Takes notice of an event. */
  notice(event: TaskEvent): void {
    if (event.parentId === undefined) {
      if (isTerminalEvent(event)) this.#forget(event.taskId);
    } else if (isTerminalEvent(event) || event.type === 'task:create' || isOwnProgress(event)) {
      this.#touch(event.rootId);
    }
  }

  /** Tells nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const rootId of [...this.#trees.keys()]) this.#forget(rootId);
  }

  #touch(rootId: string): void {
    if (this.#isClosed) return;
    const tree = this.#trees.get(rootId) ?? { told: new Map(), turns: new Map(), turn: 0, isStale: false };
    this.#trees.set(rootId, tree);
    tree.isStale = true;
    this.#schedule(rootId, tree);
  }

  #schedule(rootId: string, tree: Tree): void {
    tree.timer ??= this.#ports.clock.setTimer(INTERVAL_MS, () => {
      void this.#tell(rootId, tree);
    });
  }

  async #tell(rootId: string, tree: Tree): Promise<void> {
    tree.isStale = false;
    try {
      const numbers = await this.#ports.families.numbers(rootId);
      if (this.#trees.get(rootId) !== tree) return;
      const progress = rollUp(numbers, this.#ports.reported);
      const news = numbers.active.filter(({ id }) => this.#isNews(tree, id, progress.get(id)));
      const next = news.toSorted((a, b) => (tree.turns.get(a.id) ?? 0) - (tree.turns.get(b.id) ?? 0))[0];
      if (next !== undefined) this.#emit(rootId, tree, next, progress.get(next.id));
      if (news.length > 1) tree.isStale = true;
    } catch (error) {
      this.#ports.logger.warn(`the progress of the tree of task ${rootId} could not be read`, { error: serializeError(error) });
    }
    delete tree.timer;
    if (tree.isStale && this.#trees.get(rootId) === tree) this.#schedule(rootId, tree);
  }

  #isNews(tree: Tree, taskId: string, progress: RolledUp | undefined): boolean {
    return progress !== undefined && tree.told.get(taskId) !== JSON.stringify(progress);
  }

  #emit(rootId: string, tree: Tree, task: ActiveMember, progress: RolledUp | undefined): void {
    if (progress === undefined) return;
    tree.told.set(task.id, JSON.stringify(progress));
    tree.turns.set(task.id, ++tree.turn);
    const { id: taskId, project, type: taskType, attempt, parentId } = task;
    this.#ports.emit({ taskId, project, taskType, rootId, attempt, ...(parentId === undefined ? {} : { parentId }) }, { type: 'task:progress', data: progress });
  }

  #forget(rootId: string): void {
    this.#trees.get(rootId)?.timer?.cancel();
    this.#trees.delete(rootId);
  }
}

/** What a handler reported, and not what was told here. */
function isOwnProgress(event: TaskEvent): boolean {
  return event.type === 'task:progress' && event.data.total === undefined;
}
