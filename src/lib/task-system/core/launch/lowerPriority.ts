import { getPriority, setPriority } from 'node:os';

/** The highest niceness there is. */
const MOST_NICE = 19;

/** Makes a process nicer than this one. Linux keeps niceness per thread: set right after the start, the child's later threads inherit it. */
export function lowerPriority(pid: number | undefined, niceness: number): void {
  if (pid === undefined || niceness === 0) return;
  try {
    setPriority(pid, Math.min(getPriority() + niceness, MOST_NICE));
  } catch {
    // A courtesy to the host, not a promise: a system that refuses it runs the task all the same.
  }
}
