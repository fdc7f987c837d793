import { createHash } from 'node:crypto';
import { TaskSystemError } from '../types/Errors.ts';
import type { Caller, GivenSlot } from '../types/HostCalls.ts';
import { isJsonObject, parseJson, type JsonValue } from '../types/Json.ts';
import type { ResolvedTaskType } from '../types/ResolvedOptions.ts';
import { implicitKey, isImplicitKey, type SubtaskOutcome } from '../types/Subtasks.ts';
import { isTerminal, type TaskState, type TerminalState } from '../types/TaskState.ts';
import type { TaskRecord, TaskStore } from '../types/TaskStore.ts';
import { metConditions, parseConditions, type Condition } from './conditions.ts';
import type { InheritedTypes } from './InheritedTypes.ts';

/** Stores children; the core does that. */
export interface TaskSpawner {
  /** Submits a child, as its handler asked for it. */
  spawn(parent: TaskRecord, submission: JsonValue): Promise<TaskRecord>;
}

/** What the manager works with. */
export interface SubTaskPorts {
  readonly store: Pick<TaskStore, 'get' | 'families'>;
  readonly spawner: TaskSpawner;
  /** Calls a listener when a task has ended; returns a function that ends it. */
  readonly onEnd: (taskId: string, listener: (state: TerminalState) => void) => () => void;
  readonly types: Pick<InheritedTypes, 'of'>;
}

/** What is known of the children of a running attempt. */
interface Family {
  readonly children: Set<string>;
  /** Failed children whose failure the handler has seen. */
  readonly excused: Set<string>;
  /** How often each submission without a key was made. */
  readonly counts: Map<string, number>;
  /** The wait that is open. */
  wait?: OpenWait;
  given?: Promise<GivenSlot>;
}

interface OpenWait {
  /** Another one takes its place. */
  readonly replace: () => void;
}

/** What running tasks ask for on account of their children: to start them, to wait for them, to see what became of them. */
export class SubTaskManager {
  readonly #ports: SubTaskPorts;
  readonly #families = new Map<string, Family>();
  /** Tasks that were given children here. */
  readonly #parents = new Set<string>();

  constructor(ports: SubTaskPorts) {
    this.#ports = ports;
  }

  /** The type of a task, with everything that its ancestors narrow. @throws TaskSystemError `TASK_TYPE_UNKNOWN`. */
  typeOf(task: Pick<TaskRecord, 'type' | 'lineage'>): ResolvedTaskType {
    return this.#ports.types.of(task);
  }

  /** The same, or undefined. */
  findType(task: Pick<TaskRecord, 'type' | 'lineage'>): ResolvedTaskType | undefined {
    try {
      return this.typeOf(task);
    } catch {
      return undefined;
    }
  }

  /** Answers `subtasks.spawn`. */
  async spawn({ task }: Pick<Caller, 'task'>, submission: JsonValue): Promise<JsonValue> {
    const family = this.#familyOf(task);
    const child = await this.#ports.spawner.spawn(task, withKey(family, submission));
    family.children.add(child.id);
    return { id: child.id };
  }

  /** Answers the waits of a handler: resolves with the conditions that are met, with none when a later call takes the place of this one. */
  async wait(caller: Pick<Caller, 'task' | 'signal' | 'giveSlot'>, params: JsonValue): Promise<JsonValue> {
    const family = this.#familyOf(caller.task);
    const conditions = parseConditions(params, family.children);
    family.wait?.replace();
    const watch = new Watch(conditions, this.#ports, caller.signal);
    family.wait = watch;
    try {
      const now = await watch.look();
      // The slot of an earlier wait that this one replaces is given already.
      if (now === undefined) await (family.given ??= caller.giveSlot(watch.openCount));
      const met = now ?? await watch.met;
      if (met.length === 0) return met;
      const { given } = family;
      delete family.given;
      await (await given)?.takeBack();
      return met;
    } catch (error) {
      delete family.given;
      throw error;
    } finally {
      watch.close();
      if (family.wait === watch) delete family.wait;
    }
  }

  /** Answers what became of one child; null when it goes on. A failure that is told counts as dealt with. */
  async outcome({ task }: Pick<Caller, 'task'>, params: JsonValue): Promise<JsonValue> {
    const id = isJsonObject(params) && typeof params['id'] === 'string' ? params['id'] : '';
    const child = await this.#ports.store.get(id);
    if (child?.parentId !== task.id) throw new TaskSystemError('TASK_NOT_FOUND', `A child ${id} of task ${task.id}`, { taskId: id, parentId: task.id });
    const outcome = outcomeOf(child);
    if (outcome !== undefined && outcome.state !== 'completed') this.#familyOf(task).excused.add(id);
    return outcome === undefined ? null : parseJson(JSON.stringify(outcome));
  }

  /** Answers which children there are, in the order of their submission. */
  async children({ task }: Pick<Caller, 'task'>): Promise<JsonValue> {
    return [...(await this.#ports.store.families.childrenOf(task.id)).keys()];
  }

  /** The children whose failures the handler of this attempt was told of. */
  excusedBy(task: TaskRecord): readonly string[] {
    return [...this.#families.get(nameOf(task))?.excused ?? []];
  }

  /** Whether the task would wait if its attempt ended now. */
  async hasOpenChildren(task: TaskRecord): Promise<boolean> {
    // An earlier host may have stored some as well. The store knows, but need not be asked of every leaf.
    if (!this.#parents.has(task.id) && task.attempt === 1) return false;
    const states = await this.#ports.store.families.childrenOf(task.id);
    return [...states.values()].some((state) => !isTerminal(state));
  }

  /** A task was given a child. */
  adopted(parentId: string): void {
    this.#parents.add(parentId);
  }

  /** Whether a task was given children by this host. */
  isParent(taskId: string): boolean {
    return this.#parents.has(taskId);
  }

  /** A task has ended for good. */
  ended(taskId: string): void {
    this.#parents.delete(taskId);
  }

  /** The attempt is over. */
  forget(task: TaskRecord): void {
    this.#families.delete(nameOf(task));
  }

  #familyOf(task: TaskRecord): Family {
    const name = nameOf(task);
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const family: Family = { children: new Set(), excused: new Set(), counts: new Map() };
    this.#families.set(name, family);
    return family;
  }
}

/** Watches the tasks of some conditions until one of these is met. */
class Watch implements OpenWait {
  readonly met: Promise<JsonValue[]>;
  readonly #conditions: readonly Condition[];
  readonly #ports: SubTaskPorts;
  readonly #unfollow: readonly (() => void)[];
  readonly #signal: AbortSignal;
  readonly #resolve: (met: JsonValue[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #states = new Map<string, TaskState>();
  #openCount = 0;
  #hasLooked = false;

  constructor(conditions: readonly Condition[], ports: SubTaskPorts, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<JsonValue[]>();
    // It may be rejected while nobody listens yet.
    promise.catch(() => undefined);
    this.met = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#conditions = conditions;
    this.#ports = ports;
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort, { once: true });
    // Followed first, looked at second: an end in between is seen by one of the two.
    this.#unfollow = this.#ids().map((id) => ports.onEnd(id, (state) => { this.#ended(id, state); }));
  }

  /** How many of the tasks go on. */
  get openCount(): number {
    return this.#openCount;
  }

  replace(): void {
    this.#resolve([]);
  }

  /** The conditions that are met now; undefined when none is. */
  async look(): Promise<JsonValue[] | undefined> {
    const found = await this.#ports.store.families.statesOf(this.#ids());
    for (const [id, state] of found) if (!this.#states.has(id)) this.#states.set(id, state);
    this.#hasLooked = true;
    this.#openCount = [...this.#states.values()].filter((state) => !isTerminal(state)).length;
    const met = metConditions(this.#conditions, this.#states);
    return met.length === 0 ? undefined : met;
  }

  close(): void {
    for (const unfollow of this.#unfollow) unfollow();
    this.#signal.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => {
    this.#reject(new DOMException('the attempt is being stopped', 'AbortError'));
  };

  #ended(id: string, state: TerminalState): void {
    this.#states.set(id, state);
    // What is not known yet is no failure.
    if (!this.#hasLooked) return;
    const met = metConditions(this.#conditions, this.#states);
    if (met.length > 0) this.#resolve(met);
  }

  #ids(): string[] {
    return [...new Set(this.#conditions.flatMap(({ ids }) => ids))];
  }
}

/** What became of a task, when it has ended. */
function outcomeOf({ id, type, key, state, resultJson, error }: TaskRecord): SubtaskOutcome | undefined {
  if (!isTerminal(state)) return undefined;
  return {
    id, type, state, ...(key === undefined || isImplicitKey(key) ? {} : { key }),
    ...(resultJson === undefined || state !== 'completed' ? {} : { result: parseJson(resultJson) }), ...(error === undefined ? {} : { error }),
  };
}

/** A child without a name gets one, by which another attempt of its parent finds it again. */
function withKey(family: Family, submission: JsonValue): JsonValue {
  if (!isJsonObject(submission)) return submission;
  const { key, type, project, input } = submission;
  if (key !== undefined) return submission;
  const fingerprint = createHash('sha256').update(JSON.stringify([type, project, input])).digest('base64url').slice(0, 22);
  const count = family.counts.get(fingerprint) ?? 0;
  family.counts.set(fingerprint, count + 1);
  return { ...submission, key: implicitKey(fingerprint, count) };
}

function nameOf({ id, fence }: TaskRecord): string {
  return `${id}.${String(fence)}`;
}
