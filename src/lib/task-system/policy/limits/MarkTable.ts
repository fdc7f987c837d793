import type { Clock } from '../../types/Ports.ts';
import { MARKS } from '../Sandbox.ts';
import { allPids, readVariable } from '../procfs.ts';

/** How old the table may be. */
const MAX_AGE_MS = 250;

/**
 * Which processes of this machine carry which task's mark in their environment: finds also those that left their group, their
 * session and their parent. One table for all attempts of a system; each process is looked at once.
 */
export class MarkTable {
  readonly #clock: Clock;
  #marks: ReadonlyMap<number, string | undefined> = new Map();
  #readAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The processes with a mark, as they were at most a quarter of a second ago. */
  pidsOf(processId: string): readonly number[] {
    if (this.#clock.now() - this.#readAt >= MAX_AGE_MS) this.#refresh();
    return [...this.#marks].filter(([, mark]) => mark === processId).map(([pid]) => pid);
  }

  #refresh(): void {
    const next = new Map<number, string | undefined>();
    for (const pid of allPids()) {
      const mark = this.#marks.has(pid) ? this.#marks.get(pid) : readVariable(pid, MARKS.process);
      // Between two programs a process has no environment for a moment: it is looked at again.
      if (mark !== '') next.set(pid, mark);
    }
    this.#marks = next;
    this.#readAt = this.#clock.now();
  }
}
