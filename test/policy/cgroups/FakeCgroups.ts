import { basename, dirname, join } from 'node:path';
import type { CgroupFiles } from '../../../src/lib/task-system/policy/cgroups/CgroupFiles.ts';
import type { Clock } from '../../../src/lib/task-system/types/Ports.ts';

interface Group {
  readonly processes: Set<string>;
  readonly passedOn: Set<string>;
  readonly files: Map<string, string>;
}

/** The files that a group has because of a controller. */
const OF_CONTROLLER: Readonly<Record<string, readonly string[]>> = {
  memory: ['memory.max', 'memory.swap.max', 'memory.oom.group', 'memory.events', 'memory.peak'], pids: ['pids.max', 'pids.events', 'pids.peak'], cpu: ['cpu.max'],
};

/** The kernel's rules for groups of cgroups v2, without a kernel: who may be where, what is passed on, what is refused with which code. */
export class FakeCgroups implements CgroupFiles {
  readonly #groups = new Map<string, Group>();
  readonly #top: string;
  readonly #controllers: readonly string[];
  readonly #refused = new Map<string, string>();
  /** Other files, by their path. */
  readonly others = new Map<string, string>();
  /** Whether killed processes stay where they are. */
  isUnkillable = false;

  constructor(top: string, controllers: readonly string[] = ['memory', 'pids', 'cpu']) {
    this.#top = top;
    this.#controllers = controllers;
    this.#groups.set(top, newGroup());
  }

  /** All groups below the topmost one, by their paths from there. */
  get names(): readonly string[] {
    return [...this.#groups.keys()].filter((path) => path !== this.#top).map((path) => path.slice(this.#top.length + 1)).sort();
  }

  /** Refuses a file of every group with a code, or of the one whose path ends so. */
  refuse(ending: string, code: string): void {
    this.#refused.set(ending, code);
  }

  /** Puts a process somewhere by another hand. */
  put(path: string, pid: number): void {
    this.#groups.get(path)?.processes.add(String(pid));
  }

  /** Makes the kernel say something in a file of a group. */
  say(path: string, text: string): void {
    this.#groups.get(dirname(path))?.files.set(basename(path), text);
  }

  read(path: string): string | undefined {
    const group = this.#groups.get(dirname(path));
    if (group === undefined) return this.others.get(path);
    const name = basename(path);
    if (name === 'cgroup.controllers') return `${this.#controllersOf(dirname(path)).join(' ')}\n`;
    if (name === 'cgroup.subtree_control') return `${[...group.passedOn].join(' ')}\n`;
    if (name === 'cgroup.procs') return [...group.processes].map((pid) => `${pid}\n`).join('');
    if (name === 'cgroup.type') return dirname(path) === this.#top && !this.others.has('not the top') ? undefined : 'domain\n';
    return group.files.get(name);
  }

  groupsIn(path: string): readonly string[] {
    return [...this.#groups.keys()].filter((other) => dirname(other) === path).map((other) => basename(other));
  }

  async write(path: string, text: string): Promise<void> {
    await Promise.resolve();
    const folder = dirname(path);
    const name = basename(path);
    const group = this.#groups.get(folder);
    const refused = [...this.#refused].find(([ending]) => path.endsWith(ending))?.[1];
    if (refused !== undefined) throw problem(refused);
    if (group === undefined) throw problem('ENOENT');
    if (name === 'cgroup.procs') this.#move(group, text);
    else if (name === 'cgroup.subtree_control') this.#passOn(folder, group, text.slice(1));
    else if (name === 'cgroup.kill') this.#kill(folder);
    else if (this.#controllersOf(folder).some((controller) => OF_CONTROLLER[controller]?.includes(name) === true)) group.files.set(name, text);
    else throw problem('ENOENT');
  }

  async make(path: string): Promise<void> {
    await Promise.resolve();
    if ([...this.#refused].some(([ending, code]) => ending === 'mkdir' && code !== '')) throw problem(this.#refused.get('mkdir') ?? '');
    if (!this.#groups.has(dirname(path))) throw problem('ENOENT');
    if (!this.#groups.has(path)) this.#groups.set(path, newGroup());
  }

  async remove(path: string): Promise<void> {
    await Promise.resolve();
    const group = this.#groups.get(path);
    if (group !== undefined && (group.processes.size > 0 || this.groupsIn(path).length > 0)) throw problem('EBUSY');
    this.#groups.delete(path);
  }

  #controllersOf(path: string): readonly string[] {
    return path === this.#top ? this.#controllers : [...this.#groups.get(dirname(path))?.passedOn ?? []];
  }

  #move(group: Group, pid: string): void {
    if (pid === '999999') throw problem('ESRCH');
    if (group.passedOn.size > 0) throw problem('EBUSY');
    for (const other of this.#groups.values()) other.processes.delete(pid);
    group.processes.add(pid);
  }

  #passOn(path: string, group: Group, controller: string): void {
    if (!this.#controllersOf(path).includes(controller)) throw problem('ENOENT');
    if (group.processes.size > 0) throw problem('EBUSY');
    group.passedOn.add(controller);
  }

  #kill(path: string): void {
    if (this.isUnkillable) return;
    for (const [other, group] of this.#groups) if (other === path || other.startsWith(`${path}/`)) group.processes.clear();
  }
}

/** The path of a group of the system `name` in a fake tree. */
export function inSystem(top: string, name: string, ...rest: readonly string[]): string {
  return join(top, `task-system.${name}`, ...rest);
}

/** A clock whose timers are due at once. @param onTimer is told how many there were. */
export function eagerClock(onTimer: (timers: number) => void = () => undefined): Clock {
  let timers = 0;
  return { now: () => 0, setTimer: (_, callback) => { onTimer(++timers); queueMicrotask(callback); return { cancel: () => undefined }; } };
}

function newGroup(): Group {
  return { processes: new Set(), passedOn: new Set(), files: new Map() };
}

function problem(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}
