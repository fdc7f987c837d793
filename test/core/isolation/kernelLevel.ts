import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeLevel } from '../../../src/lib/task-system/policy/sandbox/probe.ts';
import { systemClock } from '../../../src/lib/task-system/types/Ports.ts';
import { CHILD_ENTRY } from '../support.ts';

/** Whether the kernel level can be had on this machine; says so where it cannot, since tests are left out then. */
export async function hasKernelLevel(): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), 'task-system-probe-'));
  try {
    const { available, problems } = await probeLevel('kernel', { entry: CHILD_ENTRY, root, spawn, clock: systemClock });
    if (!available) process.stdout.write(`SKIPPED: the kernel level cannot be had on this machine; its tests are left out. ${problems.map(({ what }) => what).join(' ')}\n`);
    return available;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
