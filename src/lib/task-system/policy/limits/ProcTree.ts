import { childrenOf, childrenOfMainThread, readMemory, readProportionalMemory, readStat, type ProcessStat } from '../procfs.ts';
import type { TreeUsage, UsageReader } from './usage.ts';

/** How many processes are looked at in one sample; a tree that has more is over every sensible limit anyway. */
const MAX_VISITS = 4_096;

/** Every so many samples all threads are asked for children, also where none has come since the process was first seen. */
const THOROUGH_EVERY = 4;

/** A process that was seen. */
interface Member extends ProcessStat {
  /** How many threads it had when it was first seen. */
  readonly firstThreads: number;
}

/**
 * What a process and everything it started use, read from /proc. Who was seen once stays known after its parent ended; who slipped
 * away between two samples is found by its mark.
 */
export class ProcTree implements UsageReader {
  readonly minIntervalMs = 0;
  readonly #root: number;
  readonly #strays: (() => readonly number[]) | undefined;
  #members: ReadonlyMap<number, Member> = new Map();
  #hasForked = false;
  #samples = 0;
  /** CPU time of ended processes that nobody who is left has waited for. */
  #orphanedMs = 0;
  /** CPU time of all ended processes, as far as it was seen. */
  #endedMs = 0;

  /** @param root number of the process that was started. @param strays finds what left the tree, where that can be. */
  constructor(root: number, strays?: () => readonly number[]) {
    this.#root = root;
    this.#strays = strays;
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

  #visit(): ReadonlyMap<number, Member> {
    const isThorough = this.#samples++ % THOROUGH_EVERY === 0;
    const found = new Map<number, Member>();
    const queue = [this.#root, ...this.#members.keys()];
    if (this.#hasForked) queue.push(...this.#strays?.() ?? []);
    for (let next = queue.pop(); next !== undefined && found.size < MAX_VISITS; next = queue.pop()) {
      if (found.has(next)) continue;
      const stat = readStat(next);
      const known = this.#members.get(next);
      // A number that was given to another process since.
      if (stat === undefined || (known !== undefined && known.start !== stat.start)) continue;
      const firstThreads = known?.firstThreads ?? stat.threads;
      found.set(next, { ...stat, firstThreads });
      // Most processes have a dozen threads of which only the first starts others: to ask them all is most of the work.
      queue.push(...isThorough || known === undefined || stat.threads > firstThreads ? childrenOf(next) : childrenOfMainThread(next));
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
