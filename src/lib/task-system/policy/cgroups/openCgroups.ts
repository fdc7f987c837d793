import { join } from 'node:path';
import { serializeError, TaskSystemError } from '../../types/Errors.ts';
import { CGROUP_CONTROLLERS, type CgroupController, type CgroupReport, type SandboxProblem } from '../../types/Isolation.ts';
import { messageOf } from '../../types/messageOf.ts';
import type { Clock, ProcessSpawner } from '../../types/Ports.ts';
import { kernelFiles, type CgroupFiles } from './CgroupFiles.ts';
import { Cgroups } from './Cgroups.ts';
import { explainController, explainGroups, NO_CGROUP, NO_CGROUP2 } from './cgroupProblems.ts';
import { ownDirectory, stepAside } from './ownDirectory.ts';
import { TaskGroup, type GroupPorts } from './TaskGroup.ts';

/** What it takes to find out what control groups give here. */
export interface CgroupRequest {
  /** Absolute path of a directory that was delegated to the host; `own`: the one that it is in. */
  readonly setting: string;
  /** The name of the system within it. Whatever is found under this name was left by an earlier host, and is ended. */
  readonly name: string;
  readonly spawn: ProcessSpawner;
  readonly clock: Clock;
  /** @defaultValue the kernel's */
  readonly files?: CgroupFiles;
}

/**
 * Prepares a group for the tasks of a system: ends what a host that died left in it, passes on what the kernel can limit, and tries
 * with a canary whether processes can be put into a group below it and be ended there.
 * @throws TaskSystemError `CGROUP_UNAVAILABLE`.
 */
export async function openCgroups(request: CgroupRequest): Promise<Cgroups> {
  const { setting, name, spawn, clock, files = kernelFiles } = request;
  const directory = setting === 'own' ? ownDirectory(files) : setting;
  if (directory === undefined || files.read(join(directory, 'cgroup.controllers')) === undefined) throw unavailable(NO_CGROUP2, setting);
  const base = join(directory, `task-system.${name}`);
  const ports = await prepare(setting, directory, base, { files, clock }).catch((error: unknown) => {
    throw unavailable(explainGroups(serializeError(error)), directory);
  });
  const problem = await tryCanary(base, ports, spawn).catch((error: unknown) => explainGroups({ message: messageOf(error) }));
  if (problem === undefined) return new Cgroups(base, ports);
  await files.remove(base).catch(() => undefined);
  throw unavailable(problem, directory);
}

/** What control groups give here, and what keeps them from giving more. Leaves nothing behind. */
export async function examineCgroups(request: Omit<CgroupRequest, 'setting'> & { readonly setting: string | undefined }): Promise<CgroupReport> {
  const { setting } = request;
  if (setting === undefined) return { controllers: [], problems: [NO_CGROUP] };
  try {
    const cgroups = await openCgroups({ ...request, setting });
    const controllers = cgroups.held;
    await cgroups.close();
    return { directory: setting, controllers, problems: CGROUP_CONTROLLERS.filter((controller) => !controllers.includes(controller)).map(explainController) };
  } catch (error) {
    return { directory: setting, controllers: [], problems: [problemOf(error)] };
  }
}

async function prepare(setting: string, directory: string, base: string, { files, clock }: Omit<GroupPorts, 'held'>): Promise<GroupPorts> {
  if (setting === 'own') await stepAside(directory, files);
  await files.make(base);
  await Promise.all(files.groupsIn(base).map((name) => new TaskGroup(join(base, name), Promise.resolve([]), { files, clock, held: [] }).remove()));
  return { files, clock, held: await passOn(directory, base, files) };
}

/** A group only limits what the group above it passes on. What it does not, is not held. */
async function passOn(directory: string, base: string, files: CgroupFiles): Promise<readonly CgroupController[]> {
  for (const group of [directory, base]) {
    for (const controller of controllersIn(files.read(join(group, 'cgroup.controllers')))) {
      await files.write(join(group, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
  }
  return controllersIn(files.read(join(base, 'cgroup.subtree_control')));
}

/** Starts a process that does nothing, and treats it as the processes of tasks are treated. @returns why that did not work. */
async function tryCanary(base: string, ports: GroupPorts, spawn: ProcessSpawner): Promise<SandboxProblem | undefined> {
  const child = spawn('/bin/sh', ['-c', 'read -r _'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve(); }).once('error', () => { resolve(); }); });
  const { pid } = child;
  const group = new TaskGroup(join(base, 'canary'), Promise.resolve(pid === undefined ? [] : [pid]), ports);
  await group.entered;
  const isIn = pid !== undefined && group.pids.includes(pid);
  const isRemoved = await group.remove();
  child.kill('SIGKILL');
  await ended;
  if (group.problem !== undefined) return explainGroups(group.problem);
  return isIn && isRemoved ? undefined : explainGroups({ message: 'a process was not in the group that it was moved into, or could not be ended there' });
}

function unavailable({ what, fix }: SandboxProblem, setting: string): TaskSystemError {
  return new TaskSystemError('CGROUP_UNAVAILABLE', `${setting}: ${what} ${fix}`, { directory: setting, what, fix });
}

function problemOf(error: unknown): SandboxProblem {
  const { details, message } = serializeError(error);
  const { what, fix } = { ...details };
  return typeof what === 'string' && typeof fix === 'string' ? { what, fix } : explainGroups({ message });
}

/** The controllers that a file names, of those that are of use here. */
function controllersIn(text: string | undefined): readonly CgroupController[] {
  const words = (text ?? '').split(/\s+/);
  return CGROUP_CONTROLLERS.filter((controller) => words.includes(controller));
}
