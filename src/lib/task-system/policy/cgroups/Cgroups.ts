import { join } from 'node:path';
import type { CgroupController } from '../../types/Isolation.ts';
import { TaskGroup, type GroupPorts } from './TaskGroup.ts';

/** The control groups of a system: one for each process that waits for, or works on, an attempt. */
export class Cgroups {
  readonly #base: string;
  readonly #ports: GroupPorts;
  readonly #groups = new Map<string, TaskGroup>();
  readonly #removals = new Set<Promise<unknown>>();

  /** @param base absolute path of the group that holds those of this system. */
  constructor(base: string, ports: GroupPorts) {
    this.#base = base;
    this.#ports = ports;
  }

  /** What the kernel holds the groups to here. */
  get held(): readonly CgroupController[] {
    return this.#ports.held;
  }

  /** Makes the group of a process. @param members it and what it started, once they are all there. */
  admit(processId: string, members: Promise<readonly number[]>): TaskGroup {
    const group = new TaskGroup(join(this.#base, processId), members, this.#ports);
    this.#groups.set(processId, group);
    return group;
  }

  /** The group of a process that is not gone. */
  of(processId: string): TaskGroup | undefined {
    return this.#groups.get(processId);
  }

  /** Ends what is left in the group of a process, and removes it. */
  forget(processId: string): void {
    const group = this.#groups.get(processId);
    if (group === undefined) return;
    this.#groups.delete(processId);
    const removal: Promise<unknown> = group.remove().finally(() => { this.#removals.delete(removal); });
    this.#removals.add(removal);
  }

  /** Waits until the groups of all processes that are gone are removed, then removes what held them. */
  async close(): Promise<void> {
    for (const processId of this.#groups.keys()) this.forget(processId);
    await Promise.all(this.#removals);
    // What could not be ended stays in its group; the next start tries again.
    await this.#ports.files.remove(this.#base).catch(() => undefined);
  }
}
