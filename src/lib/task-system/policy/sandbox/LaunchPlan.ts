/** How a process is limited by the kernel from its start on. */
export interface LaunchLimits {
  /** Absolute path of util-linux's `prlimit`. */
  readonly program: string;
  /** What it is asked for. */
  readonly args: readonly string[];
  /** Whether all processes of this host start with the same ones: then whoever starts them may have them as well, and pass them on. */
  readonly areShared: boolean;
  /** How much processor time they leave, in seconds. */
  readonly cpuSeconds?: number;
}

/** How to start one child process. Data only: `spawnPlan` starts it. */
export interface LaunchPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The directory of the host that becomes the task's workspace. */
  readonly cwd: string;
  /** Added to the host's niceness. */
  readonly niceness: number;
  /** What the process is limited to. @defaultValue nothing */
  readonly limits?: LaunchLimits;
  /** Absolute paths of files that the command reads from descriptors 4, 5, …, and closes. @defaultValue none */
  readonly inputs?: readonly string[];
  /** Where the child finds its workspace. @defaultValue where the host has it */
  readonly innerWorkspace?: string;
  /** Whether the child lives in a process namespace of its own, which ends with the first process in it. @defaultValue false */
  readonly hasNamespace?: boolean;
  /** Whether the directory must keep its name while the child lives. @defaultValue false */
  readonly isPathFixed?: boolean;
}
