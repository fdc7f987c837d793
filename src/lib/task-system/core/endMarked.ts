import { setTimeout as sleep } from 'node:timers/promises';
import { findMarked, signal } from './processTree.ts';

/** How often survivors are looked for before giving up. */
const MAX_SWEEPS = 50;
const SWEEP_INTERVAL_MS = 20;

/**
 * Kills every process whose environment carries a mark (`NAME=value`), until there is none. It waits for the kernel, and so by the
 * machine's own clock, whatever clock a system has: one that stands still would never let it look again.
 * @returns the processes that could not be ended; empty is the rule.
 */
export async function endMarked(mark: string): Promise<readonly number[]> {
  let survivors: readonly number[] | undefined;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    survivors = await findMarked(`${mark}\0`);
    if (survivors?.length === 0) return [];
    for (const survivor of survivors ?? []) signal(survivor, 'SIGKILL');
    await sleep(SWEEP_INTERVAL_MS);
  }
  return survivors ?? [];
}
