import type { ChildProcess, StdioOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { ProcessSpawner } from '../../types/Ports.ts';
import { CHANNEL_FD } from '../../types/Protocol.ts';
import type { LaunchPlan } from './LaunchPlan.ts';

/** The first descriptor behind the channel: from here on a plan's `inputs` are read. */
export const FIRST_INPUT_FD = CHANNEL_FD + 1;

/**
 * Starts what a plan says: stdin closed, stdout and stderr as pipes, the channel on descriptor 3, then the inputs; every
 * descriptor that the host would pass on without wanting to is covered. Leader of an own process group.
 * Limited before its program is loaded.
 * @param pipes what becomes stdout, stderr and the channel: pipes that are made here, or descriptors that are there already.
 * @param isLimited whether it inherits its limits.
 * @throws Error when an input cannot be read.
 */
export function spawnPlan(plan: LaunchPlan, spawn: ProcessSpawner, pipes: readonly (number | 'pipe')[] = ['pipe', 'pipe', 'pipe'], isLimited = false): ChildProcess {
  const [command, args] = plan.limits === undefined || isLimited
    ? [plan.command, plan.args]
    : [plan.limits.program, [...plan.limits.args, '--', plan.command, ...plan.args]];
  const inputs: number[] = [];
  try {
    // Each process has its own: where one has read to is a matter of the open file, not of the descriptor.
    for (const path of plan.inputs ?? []) inputs.push(openSync(path, 'r'));
    const stdio: StdioOptions = ['ignore', ...pipes, ...inputs];
    return spawn(command, args, { cwd: plan.cwd, env: plan.env, stdio, detached: true, windowsHide: true });
  } finally {
    for (const input of inputs) closeSync(input);
  }
}
