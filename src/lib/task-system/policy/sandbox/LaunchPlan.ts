/** How to start one child process. Data only: `spawnPlan` starts it. */
export interface LaunchPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The directory of the host that becomes the task's workspace. */
  readonly cwd: string;
  /** Added to the host's niceness. */
  readonly niceness: number;
  /** What the command reads from descriptors 4, 5, …: passed this way, it shows in no list of processes. @defaultValue none */
  readonly inputs?: readonly Uint8Array[];
  /** Where the child finds its workspace. @defaultValue where the host has it */
  readonly innerWorkspace?: string;
  /** Whether the child lives in a process namespace of its own, which ends with the first process in it. @defaultValue false */
  readonly hasNamespace?: boolean;
  /** Whether the directory must keep its name while the child lives. @defaultValue false */
  readonly isPathFixed?: boolean;
}
