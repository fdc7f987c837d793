/** A Node process has about a dozen threads. A tree with many more for each process it may have is a bomb of threads. */
export const THREADS_PER_PROCESS = 16;

/** What the processes of one attempt use at one moment. */
export interface TreeUsage {
  /** CPU time since the start, of processes that have ended as well. */
  readonly cpuMs: number;
  /** Memory that only these processes hold: private pages, shared memory and swap, not the pages of program files. */
  readonly memoryBytes: number;
  readonly processes: number;
  readonly threads: number;
}

/** Reads what the processes of one attempt use. */
export interface UsageReader {
  /** Reading more often than this costs more than it tells, in milliseconds. */
  readonly minIntervalMs: number;
  /** Undefined when nothing can be read: the processes are gone. */
  read(): Promise<TreeUsage | undefined>;
  /** Memory with every shared page counted once. Slow, so it is asked only before a verdict; undefined when it cannot be told. */
  exactMemory(): number | undefined;
}

/** Which limit was exceeded. */
export type LimitName = 'memory' | 'cpu' | 'processes' | 'disk' | 'output';

/** What was exceeded, by how much, and who says so. */
export interface LimitBreach {
  readonly limit: LimitName;
  readonly unit: 'bytes' | 'ms' | 'processes' | 'threads';
  readonly allowed: number;
  /** The value that was over the limit, or the last one seen before the kernel put an end to it. */
  readonly seen: number;
  /** The highest value of the attempt. */
  readonly peak: number;
  /** `kernel`: the operating system refused or ended it. `watched`: the host saw it in a sample. */
  readonly mechanism: 'kernel' | 'watched';
}
