import { narrowPolicy } from '../policy/ToolPolicy.ts';
import { ISOLATION_LEVELS, isAtLeast, type IsolationLevel } from '../types/Isolation.ts';
import { requireTaskType } from '../types/parseCalls.ts';
import type { ResolvedLimits, ResolvedTaskType, ResolvedTypeSandbox } from '../types/ResolvedOptions.ts';
import { GROUP_TYPE } from '../types/Subtasks.ts';
import type { TaskRecord } from '../types/TaskStore.ts';

/** The level at which tasks of a type run on this machine. @throws TaskSystemError when they cannot be isolated as they must be. */
export type LevelOf = (type: ResolvedTaskType) => IsolationLevel;

/** Task types as they are for tasks in trees: a child may do and use what its own type and all its ancestors may, and no more. */
export class InheritedTypes {
  readonly #types: ReadonlyMap<string, ResolvedTaskType>;
  readonly #levelOf: LevelOf;
  readonly #narrowed = new Map<string, ResolvedTaskType>();

  constructor(types: ReadonlyMap<string, ResolvedTaskType>, levelOf: LevelOf) {
    this.#types = types;
    this.#levelOf = levelOf;
  }

  /** The type of a task. @throws TaskSystemError `TASK_TYPE_UNKNOWN`, also for that of an ancestor: what it allowed is not known any more. */
  of({ type, lineage = [] }: Pick<TaskRecord, 'type' | 'lineage'>): ResolvedTaskType {
    const own = requireTaskType(this.#types, type);
    const above = [...new Set(lineage)].filter((name) => name !== type && name !== GROUP_TYPE).sort();
    if (above.length === 0) return own;
    const name = JSON.stringify([type, ...above]);
    const known = this.#narrowed.get(name);
    if (known !== undefined) return known;
    const narrowed = above.reduce((child, ancestor) => narrowType(requireTaskType(this.#types, ancestor), child, this.#levelOf), own);
    this.#narrowed.set(name, narrowed);
    return narrowed;
  }
}

/** The type of a child below a parent of another type: of each right and each limit the narrower one. */
function narrowType(parent: ResolvedTaskType, child: ResolvedTaskType, levelOf: LevelOf): ResolvedTaskType {
  const contextTokens = lowest(parent.contextTokens, child.contextTokens);
  const models = commonModels(parent.models, child.models);
  const narrowed = {
    ...child,
    limits: narrowLimits(parent.limits, child.limits),
    policy: narrowPolicy(parent.policy, child.policy),
    memory: MEMORY_RIGHTS[Math.min(MEMORY_RIGHTS.indexOf(parent.memory), MEMORY_RIGHTS.indexOf(child.memory))] ?? 'none',
    untrusted: parent.untrusted || child.untrusted,
    sandbox: narrowSandbox(parent.sandbox, child.sandbox),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(models === undefined ? {} : { models }),
  };
  return Object.freeze(atLeast(narrowed, found(parent, levelOf) ?? 'kernel', levelOf));
}

/** A child whose own type asks for a weaker level than its parent runs at, runs at that of its parent. */
function atLeast(child: ResolvedTaskType, above: IsolationLevel, levelOf: LevelOf): ResolvedTaskType {
  const own = found(child, levelOf);
  // One that cannot be isolated as it must be is refused by whoever asks for its level.
  if (own === undefined || isAtLeast(own, above)) return child;
  return { ...child, sandbox: Object.freeze({ ...child.sandbox, level: above }) };
}

function found(type: ResolvedTaskType, levelOf: LevelOf): IsolationLevel | undefined {
  try {
    return levelOf(type);
  } catch {
    return undefined;
  }
}

/** The models that both may call; undefined: all. */
function commonModels(parent: readonly string[] | undefined, child: readonly string[] | undefined): readonly string[] | undefined {
  if (parent === undefined || child === undefined) return parent ?? child;
  return Object.freeze(child.filter((name) => parent.includes(name)));
}

const MEMORY_RIGHTS = ['none', 'read', 'write'] as const;

function narrowLimits(parent: ResolvedLimits, child: ResolvedLimits): ResolvedLimits {
  return Object.freeze({
    inputBytes: Math.min(parent.inputBytes, child.inputBytes),
    resultBytes: Math.min(parent.resultBytes, child.resultBytes),
    outputBytes: Math.min(parent.outputBytes, child.outputBytes),
    memoryMb: lower(parent.memoryMb, child.memoryMb),
    cpuMs: lower(parent.cpuMs, child.cpuMs),
    processes: lower(parent.processes, child.processes),
    cpus: lower(parent.cpus, child.cpus),
    openFiles: lower(parent.openFiles, child.openFiles),
    workspaceMb: lower(parent.workspaceMb, child.workspaceMb),
    workerThreads: Math.min(parent.workerThreads, child.workerThreads),
    artifacts: Math.min(parent.artifacts, child.artifacts),
    artifactsMb: Math.min(parent.artifactsMb, child.artifactsMb),
  });
}

/** What the child may read is what both may. */
function narrowSandbox(parent: ResolvedTypeSandbox, child: ResolvedTypeSandbox): ResolvedTypeSandbox {
  const { level } = child;
  const require = strongest(parent.require, child.require);
  const read = child.read.filter((path) => parent.read.some((above) => path === above || path.startsWith(`${above}/`)));
  return Object.freeze({ read: Object.freeze(read), ...(level === undefined ? {} : { level }), ...(require === undefined ? {} : { require }) });
}

function strongest(...levels: readonly (IsolationLevel | undefined)[]): IsolationLevel | undefined {
  return ISOLATION_LEVELS.findLast((level) => levels.some((wanted) => wanted !== undefined && isAtLeast(wanted, level)));
}

function lower(left: number | false, right: number | false): number | false {
  if (left === false) return right;
  return right === false ? left : Math.min(left, right);
}

function lowest(...values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}
