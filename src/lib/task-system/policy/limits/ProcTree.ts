import type { MarkTable } from './MarkTable.ts';
import { childrenOf, readMemory, readProportionalMemory, readStat, type ProcessStat } from '../procfs.ts';
import type { TreeUsage, UsageReader } from './usage.ts';

/** How many processes are looked at in one sample; a tree that has more is over every sensible limit anyway. */
const MAX_VISITS = 4_096;

/**
 * What a process and everything it started use, read from /proc. Who was seen once stays known after its parent ended; who slipped
 * away between two samples is found by its mark.
 */
export class ProcTree implements UsageReader {
  readonly minIntervalMs = 0;
  readonly #root: number;
  readonly #processId: string;
  readonly #table: MarkTable;
  #members: ReadonlyMap<number, ProcessStat> = new Map();
  #hasForked = false;
  /** CPU time of ended processes that nobody who is left has waited for. */
  #orphanedMs = 0;
  /** CPU time of all ended processes, as far as it was seen. */
  #endedMs = 0;

  /** @param root number of the process that was started. @param processId value of its mark. */
  constructor(root: number, processId: string, table: MarkTable) {
    this.#root = root;
    this.#processId = processId;
    this.#table = table;
  }

  read(): Promise<TreeUsage | undefined> {
    return Promise.resolve(this.#read());
  }

  /** The numbers of the processes that were alive at the last reading. */
  get pids(): readonly number[] {
    return [...this.#members.keys()];
  }

  exactMemory(): number | undefined {
    const shares = this.pids.map((pid) => readProportionalMemory(pid));
    if (shares.every((share) => share === undefined)) return undefined;
    return shares.reduce<number>((sum, share) => sum + (share ?? 0), 0);
  }

  #read(): TreeUsage | undefined {
    const members = this.#visit();
    this.#countEnded(members);
    this.#members = members;
    if (members.size === 0) return undefined;
    let ownMs = 0;
    let childMs = 0;
    let threads = 0;
    let memoryBytes = 0;
    for (const [pid, stat] of members) {
      ownMs += stat.ownMs;
      childMs += stat.childMs;
      threads += stat.threads;
      memoryBytes += readMemory(pid)?.held ?? 0;
    }
    // Two ways to count, each of which misses something: what was waited for between two samples, and what nobody waits for.
    const cpuMs = Math.max(ownMs + childMs + this.#orphanedMs, ownMs + this.#endedMs);
    return { cpuMs, memoryBytes, processes: members.size, threads };
  }

  #visit(): ReadonlyMap<number, ProcessStat> {
    const found = new Map<number, ProcessStat>();
    const queue = [this.#root, ...this.#members.keys()];
    if (this.#hasForked) queue.push(...this.#table.pidsOf(this.#processId));
    for (let next = queue.pop(); next !== undefined && found.size < MAX_VISITS; next = queue.pop()) {
      if (found.has(next)) continue;
      const stat = readStat(next);
      const known = this.#members.get(next);
      // A number that was given to another process since.
      if (stat === undefined || (known !== undefined && known.start !== stat.start)) continue;
      found.set(next, stat);
      queue.push(...childrenOf(next));
      this.#hasForked ||= stat.hadChildren;
    }
    this.#hasForked ||= found.size > 1;
    return found;
  }

  #countEnded(now: ReadonlyMap<number, ProcessStat>): void {
    for (const [pid, { parent, ownMs, childMs }] of this.#members) {
      if (now.has(pid)) continue;
      this.#endedMs += ownMs;
      if (!now.has(parent)) this.#orphanedMs += ownMs + childMs;
    }
  }
}
