/** How strongly a task is kept apart, weakest first. */
export const ISOLATION_LEVELS = ['process', 'permission-model', 'kernel'] as const;

/**
 * - `kernel`: bubblewrap with namespaces, a read-only root, one writable workspace, a filter of system calls, an own user.
 * - `permission-model`: Node's `--permission`, in an own process group: against mistakes, not against malice.
 * - `process`: an own process, nothing more.
 */
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

/** What a task could reach, look at or use up. */
export const ISOLATION_DIMENSIONS = [
  'files', 'network', 'processTree', 'systemCalls', 'memory', 'cpu', 'pids', 'disk', 'environment', 'channel',
] as const;

/** One of {@link ISOLATION_DIMENSIONS}. */
export type IsolationDimension = (typeof ISOLATION_DIMENSIONS)[number];

/**
 * - `enforced`: by the kernel, or by the host on data that the task cannot touch; hostile code does not get around it.
 * - `watched`: the host looks, and acts on what it sees; there may be a short overshoot.
 * - `guarded`: by Node inside the task's own process: against mistakes, not against malice.
 * - `open`: not at all.
 */
export type Enforcement = 'enforced' | 'watched' | 'guarded' | 'open';

/** How one attempt was, or is, kept apart. */
export interface TaskIsolation {
  readonly level: IsolationLevel;
  readonly dimensions: Readonly<Record<IsolationDimension, Enforcement>>;
}

/** Something that keeps a level from being reached. */
export interface SandboxProblem {
  /** What is missing, in one sentence. */
  readonly what: string;
  /** How to get it, in one sentence. */
  readonly fix: string;
}

/** What a canary process found out about one level on this machine. */
export interface LevelReport {
  readonly level: IsolationLevel;
  readonly available: boolean;
  /** What the level gives here; each `open` when it is not available. */
  readonly dimensions: Readonly<Record<IsolationDimension, Enforcement>>;
  /** Why it is not available; empty when it is. */
  readonly problems: readonly SandboxProblem[];
}

/** How far one dimension gets on this machine. */
export interface DimensionReport {
  readonly dimension: IsolationDimension;
  /** The strongest level that works. */
  readonly level: IsolationLevel;
  /** What that level gives here. */
  readonly enforcement: Enforcement;
  /** What keeps it from being stronger, and how to get that; empty when nothing does. */
  readonly problems: readonly SandboxProblem[];
}

/** What a control group (cgroup v2) can be told to hold, of what is used here. */
export const CGROUP_CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

/** One of {@link CGROUP_CONTROLLERS}. */
export type CgroupController = (typeof CGROUP_CONTROLLERS)[number];

/** What control groups give on this machine, for all processes of a task together. */
export interface CgroupReport {
  /** What `sandbox.cgroup` says; undefined when it is not set. */
  readonly directory?: string;
  /** What the kernel holds there: memory, number of processes and threads, share of the processors. */
  readonly controllers: readonly CgroupController[];
  /** Why it is not more, and how to get that. */
  readonly problems: readonly SandboxProblem[];
}

/** At which level the tasks of one type run. */
export interface TypeReport {
  readonly type: string;
  /** Undefined when it cannot run here. */
  readonly level?: IsolationLevel;
  readonly problem?: string;
}

/** What `tasks.doctor()` finds. */
export interface DoctorReport {
  /** Such as `linux x64`. */
  readonly platform: string;
  /** Version of Node, such as `24.1.0`. */
  readonly node: string;
  /** The strongest level that works here. */
  readonly level: IsolationLevel;
  /** Every level, strongest first. */
  readonly levels: readonly LevelReport[];
  /** What the strongest level gives, dimension by dimension. */
  readonly dimensions: readonly DimensionReport[];
  /** What the kernel holds for all processes of a task together. */
  readonly cgroup: CgroupReport;
  /** The task types of the system, by name. */
  readonly types: readonly TypeReport[];
}

/** Whether a level is at least as strong as another. */
export function isAtLeast(level: IsolationLevel, least: IsolationLevel): boolean {
  return ISOLATION_LEVELS.indexOf(level) >= ISOLATION_LEVELS.indexOf(least);
}
