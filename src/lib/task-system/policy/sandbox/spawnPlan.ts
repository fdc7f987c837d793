import type { ChildProcess, StdioOptions } from 'node:child_process';
import type { Writable } from 'node:stream';
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
 */
export function spawnPlan(plan: LaunchPlan, spawn: ProcessSpawner, pipes: readonly (number | 'pipe')[] = ['pipe', 'pipe', 'pipe'], isLimited = false): ChildProcess {
  const inputs = plan.inputs ?? [];
  const stdio: StdioOptions = ['ignore', ...pipes, ...inputs.map(() => 'pipe' as const)];
  const [command, args] = plan.limits === undefined || isLimited
    ? [plan.command, plan.args]
    : [plan.limits.program, [...plan.limits.args, '--', plan.command, ...plan.args]];
  const child = spawn(command, args, { cwd: plan.cwd, env: plan.env, stdio, detached: true, windowsHide: true });
  for (const [index, input] of inputs.entries()) {
    const stream = streamAt(child, FIRST_INPUT_FD + index);
    // A process that dies at once does not read: its exit tells more.
    stream?.on('error', () => undefined);
    stream?.end(input);
  }
  return child;
}

function streamAt(child: ChildProcess, fd: number): Writable | undefined {
  const stream = pipesOf(child)?.[fd];
  return isWritable(stream) ? stream : undefined;
}

/** Where no more files can be opened, Node leaves a child that could not be started without any pipes. */
function pipesOf(child: ChildProcess): readonly unknown[] | undefined {
  return child.stdio;
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'write' in stream && 'end' in stream;
}
