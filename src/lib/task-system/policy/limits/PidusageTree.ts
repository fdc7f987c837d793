import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TreeUsage, UsageReader } from './usage.ts';

const POSIX_INTERVAL_MS = 1_000;
const WINDOWS_INTERVAL_MS = 2_000;
/** pidusage keeps a descriptor per process for this long; with 0 it recurses until there are none left. */
const HISTORY_MS = 2_000;

const run = promisify(execFile);

/** What a process and its descendants use, where there is no /proc: pidusage over the list that `ps` gives. Slower and rougher. */
export class PidusageTree implements UsageReader {
  readonly minIntervalMs = process.platform === 'win32' ? WINDOWS_INTERVAL_MS : POSIX_INTERVAL_MS;
  readonly #root: number;
  #cpuMs = 0;

  constructor(root: number) {
    this.#root = root;
  }

  async read(): Promise<TreeUsage | undefined> {
    const { default: pidusage } = await import('pidusage');
    const pids = await listTree(this.#root);
    // Given several processes, pidusage answers null for those that are gone; given one, it rejects. The types know of neither.
    const stats: readonly ({ readonly memory: number; readonly ctime: number } | null)[] = await pidusage([...pids], { maxage: HISTORY_MS })
      .then((answers) => Object.values(answers), () => []);
    const alive = stats.filter((stat) => stat !== null);
    if (alive.length === 0) return undefined;
    this.#cpuMs = Math.max(this.#cpuMs, alive.reduce((sum, { ctime }) => sum + ctime, 0));
    return { cpuMs: this.#cpuMs, memoryBytes: alive.reduce((sum, { memory }) => sum + memory, 0), processes: alive.length, threads: alive.length };
  }

  exactMemory(): undefined {
    return undefined;
  }
}

/** A process and its descendants; where there is no `ps`, only the process itself. */
async function listTree(root: number): Promise<readonly number[]> {
  if (process.platform === 'win32') return [root];
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='], { env: { PATH: '/usr/bin:/bin' } }).catch(() => ({ stdout: '' }));
  const children = new Map<number, number[]>();
  for (const line of stdout.split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid !== undefined && parent !== undefined) children.set(parent, [...children.get(parent) ?? [], pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...children.get(pid) ?? []);
  return tree;
}
