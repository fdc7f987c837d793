import { narrowPolicy } from '../policy/ToolPolicy.ts';
import { ISOLATION_LEVELS, isAtLeast, type IsolationLevel } from '../types/Isolation.ts';
import { requireTaskType } from '../types/parseCalls.ts';
import type { ResolvedLimits, ResolvedTaskType, ResolvedTypeSandbox } from '../types/ResolvedOptions.ts';
import { GROUP_TYPE } from '../types/Subtasks.ts';
import type { TaskRecord } from '../types/TaskStore.ts';

/** Task types as they are for tasks in trees: a child may do and use what its own type and all its ancestors may, and no more. */
export class InheritedTypes {
  readonly #types: ReadonlyMap<string, ResolvedTaskType>;
  readonly #narrowed = new Map<string, ResolvedTaskType>();

  constructor(types: ReadonlyMap<string, ResolvedTaskType>) {
    this.#types = types;
  }

  /** The type of a task. @throws TaskSystemError `TASK_TYPE_UNKNOWN`, also for that of an ancestor: what it allowed is not known any more. */
  of({ type, lineage = [] }: Pick<TaskRecord, 'type' | 'lineage'>): ResolvedTaskType {
    const own = requireTaskType(this.#types, type);
    const above = [...new Set(lineage)].filter((name) => name !== type && name !== GROUP_TYPE).sort();
    if (above.length === 0) return own;
    const name = JSON.stringify([type, ...above]);
    const known = this.#narrowed.get(name);
    if (known !== undefined) return known;
    const narrowed = above.reduce((child, ancestor) => narrowType(requireTaskType(this.#types, ancestor), child), own);
    this.#narrowed.set(name, narrowed);
    return narrowed;
  }
}

/** The type of a child below a parent of another type: of each right and each limit the narrower one. */
function narrowType(parent: ResolvedTaskType, child: ResolvedTaskType): ResolvedTaskType {
  const contextTokens = lowest(parent.contextTokens, child.contextTokens);
  return Object.freeze({
    ...child,
    limits: narrowLimits(parent.limits, child.limits),
    policy: narrowPolicy(parent.policy, child.policy),
    memory: MEMORY_RIGHTS[Math.min(MEMORY_RIGHTS.indexOf(parent.memory), MEMORY_RIGHTS.indexOf(child.memory))] ?? 'none',
    untrusted: parent.untrusted || child.untrusted,
    sandbox: narrowSandbox(parent.sandbox, child.sandbox),
    ...(contextTokens === undefined ? {} : { contextTokens }),
  });
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

/** A level that the parent has forced as a bound is not undercut; what the child may read is what both may. */
function narrowSandbox(parent: ResolvedTypeSandbox, child: ResolvedTypeSandbox): ResolvedTypeSandbox {
  const level = strongest(parent.level, child.level);
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
