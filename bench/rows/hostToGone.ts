import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IsolationLevel } from 'task-system';
import { verify, type Benchmark, type BenchmarkContext, type Measure } from '../lib/Benchmark.ts';
import { OURS, toMeasure } from '../lib/compare.ts';
import { bareKill, DAEMON_SECONDS, daemons } from '../lib/daemons.ts';
import { findBubblewrap } from '../lib/kernelLevel.ts';
import { quantile } from '../lib/statistics.ts';
import { now, rest } from '../lib/time.ts';

const MARK_MS = 1_000;
const BARE = 'bare kill of a process to its exit';
const HOST = fileURLToPath(new URL('../programs/spinningHost.mjs', import.meta.url));

/**
 * From the kill of a host with SIGKILL to the moment at which the machine knows neither the task any more, which spins and so cannot
 * see that its host is gone, nor the daemon that it left.
 */
export const hostToGone: Benchmark = {
  name: 'host-to-gone',
  async run(context) {
    if (!existsSync('/proc')) return [];
    const levels: readonly IsolationLevel[] = await findBubblewrap(context) === undefined ? ['process'] : ['kernel', 'process'];
    const measures: Measure[] = [];
    for (const level of levels) measures.push(await measureAt(level, context));
    return measures;
  },
};

async function measureAt(level: IsolationLevel, { directory, isQuick }: BenchmarkContext): Promise<Measure> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < (isQuick ? 3 : 30); round++) {
    ours.push(await killHost(mkdtempSync(path.join(directory, 'host-')), level));
    bare.push(await bareKill());
  }
  const [p99 = Infinity, bareP99 = Infinity] = [quantile(ours, 0.99), quantile(bare, 0.99)].map(Math.round);
  return toMeasure(`kill of the host to its task and daemon gone, ${level}`, 'ms', new Map([[OURS, ours], [BARE, bare]]), {
    note: `99th percentile ${String(p99)} ms, of the bare kill ${String(bareP99)} ms`,
    mark: () => ({ text: `99th percentile at most ${String(MARK_MS)} ms`, isMet: p99 <= MARK_MS }),
  });
}

async function killHost(root: string, level: IsolationLevel): Promise<number> {
  const host = spawn(process.execPath, [HOST, root, level, String(DAEMON_SECONDS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said]: unknown[] = await once(host.stdout, 'data');
  const task = String(said).trim();
  verify(isAlive(task), 'the task does not run');
  const start = now();
  host.kill('SIGKILL');
  while (isAlive(task) || daemons().length > 0) await rest(1);
  return now() - start;
}

/** Whether a process is there and more than a zombie. */
function isAlive(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X');
  } catch {
    return false;
  }
}
