import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { openDescriptors, reaped, zombiesOf } from './isolation/processes.ts';
import { openSystem, processesIn, testOptions } from './support.ts';

const hasStressors = existsSync('/usr/bin/stress-ng');
if (!hasStressors) process.stdout.write('SKIPPED: stress-ng is not installed; hostile workloads of others are left out\n');
const hasKernel = await hasKernelLevel();

const LIMITED = 'TASK_LIMIT_MEMORY|TASK_LIMIT_PROCESSES|TASK_LIMIT_CPU|TASK_LIMIT_DISK';
/** How long a workload may go on that has to be ended: however late somebody looks, it is still there. */
const LONG_SECONDS = 200;
/** What stress-ng is told to do, and how that may end. */
const WORKLOADS: readonly (readonly [name: string, stressors: readonly string[], right: string])[] = [
  ['processes that come and go', ['fork', 'vfork', 'daemon', 'zombie', 'clone'], `ENDED|${LIMITED}`],
  ['signals', ['kill', 'sigsegv', 'sigfpe'], 'ENDED'],
  ['files and folders', ['hdd', 'fallocate', 'dirdeep', 'dirmany', 'filename', 'link', 'symlink'], `ENDED|${LIMITED}`],
  ['shared memory', ['shm', 'shm-sysv'], `ENDED|${LIMITED}`],
  ['the heap', ['brk', 'bigheap', 'malloc'], 'TASK_LIMIT_MEMORY|ENDED'],
  // Each process of these stays below what one may have: only who looks at all of them sees it.
  ['memory of many processes', ['mmapfork'], 'TASK_LIMIT_MEMORY|TASK_LIMIT_PROCESSES'],
  ['memory without a name', ['memfd'], 'TASK_LIMIT_MEMORY'],
  ['the kernel', ['unshare', 'ptrace', 'sockabuse', 'exec', 'key', 'userfaultfd', 'io-uring', 'procfs', 'resources'], `ENDED|${LIMITED}`],
  ['the network', ['sock', 'udp', 'netlink-proc'], `ENDED|${LIMITED}`],
  ['descriptors', ['open', 'eventfd', 'epoll', 'inotify'], `ENDED|${LIMITED}`],
];

describe.skipIf(!hasStressors || !hasKernel)('a host whose tasks run stress-ng', () => {
  it('goes on as before: every workload is contained, and nothing is left of it', { timeout: 600_000 }, async () => {
    const descriptors = openDescriptors();
    const module = join(import.meta.dirname, 'isolation/app/stress.mjs');
    const limits = { memoryMb: 200, workspaceMb: 50, processes: 64 };
    const options = testOptions({}, {
      tasks: { stress: { module, limits, timeoutMs: 300_000, stopGraceMs: 0, sandbox: { level: 'kernel' } } }, queue: { maxConcurrent: 2, spares: 0 }, workspaces: { keepFailedMs: 0 },
    });
    const system = await openSystem(options);
    const outcomes = await Promise.all(WORKLOADS.map(async ([name, stressors, right]) => {
      const handle = await system.submit({ type: 'stress', input: { stressors, seconds: right.includes('ENDED') ? 1 : LONG_SECONDS } });
      return { name, outcome: await handle.result().catch((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)) };
    }));
    const wrong = outcomes.filter(({ outcome }, index) => !(WORKLOADS[index]?.[2] ?? '').split('|').includes(String(outcome)));
    expect(wrong).toEqual([]);
    expect(processesIn(options.root)).toEqual([]);
    await system.close();
    await reaped();
    expect(zombiesOf(process.pid)).toEqual([]);
    expect(openDescriptors() - descriptors).toBeLessThan(20);
  });
});
