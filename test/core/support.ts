import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { createTaskSystem, type TaskSystem, type TaskSystemDeps } from '../../src/lib/task-system/index.ts';
import { MARKS, rootMarkOf } from '../../src/lib/task-system/policy/Sandbox.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { TaskSystemOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { Logger } from '../../src/lib/task-system/types/Ports.ts';

/** The built child: what runs in production, and quicker to start than the sources. */
export const CHILD_ENTRY = fileURLToPath(new URL('../../dist/child.cjs', import.meta.url));

/** URL of a handler program in `handlers/`. */
export function handler(name: string): URL {
  return new URL(`./handlers/${name}`, import.meta.url);
}

/** A fresh directory that goes when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'task-system-test-'));
  // Handlers are put there, and under a root host tasks are another user.
  chmodSync(directory, 0o755);
  onTestFinished(() => { rmSync(directory, { recursive: true, force: true }); });
  return directory;
}

/** A logger that remembers. */
export function recordingLogger(): Logger & { readonly lines: { readonly level: string; readonly message: string }[] } {
  const lines: { readonly level: string; readonly message: string }[] = [];
  const at = (level: string) => (message: string): void => { lines.push({ level, message }); };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * Handlers that tell their test something by files or by numbers of processes of the host, which is what a kernel sandbox is there
 * to prevent: they run at the level `process` unless a test says otherwise.
 */
const REACH_OUT = ['gate.mjs', 'gated-spawn.mjs', 'announces.mjs', 'heeds-abort.mjs', 'leaves-grandchild.mjs', 'double-forks.mjs'];

/** Options of a test system: each handler file is a task type of its own name without ending. */
export function testOptions(handlers: Readonly<Record<string, Partial<TaskTypeOptions>>>, rest: Partial<TaskSystemOptions> = {}): TaskSystemOptions {
  const tasks = Object.fromEntries(Object.entries(handlers).map(([file, options]) => [file.replace(/\.\w+$/, ''), { module: handler(file), ...REACH_OUT.includes(file) ? { sandbox: { level: 'process' as const } } : {}, ...options }]));
  return { root: temporaryDirectory(), logger: recordingLogger(), tasks, ...rest };
}

/** Opens a system on the given options; it is closed, and proven to have left no process, when the test is over. */
export async function openSystem(options: TaskSystemOptions, deps: Partial<TaskSystemDeps> = {}): Promise<TaskSystem> {
  const system = await createTaskSystem(options, { childEntry: CHILD_ENTRY, ...deps });
  onTestFinished(async () => {
    await system.close({ graceMs: 0 });
    expect(processesIn(options.root)).toEqual([]);
  });
  return system;
}

/** The task processes of a system, by the word of the operating system: those that stand in its directory or carry its mark. */
export function processesIn(directory: string): number[] {
  const mark = `${MARKS.root}=${rootMarkOf(directory)}`;
  return allProcesses().filter((pid) => standsIn(pid, directory) || carries(pid, mark));
}

/** Whether a process is there and more than a zombie. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X');
  } catch {
    return false;
  }
}

/** Living children of a process. */
export function childrenOf(pid: number): number[] {
  return allProcesses().filter((candidate) => parentOf(candidate) === pid);
}

/** Command line of a process, spaces between its parts. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Collects the events of a system. */
export function recordEvents(system: TaskSystem): TaskEvent[] {
  const events: TaskEvent[] = [];
  system.events.on('*', (event) => { events.push(event); });
  return events;
}

/** Resolves with the first event that fits. */
export function nextEvent<Type extends TaskEvent['type']>(system: TaskSystem, type: Type, fits: (event: Extract<TaskEvent, { readonly type: Type }>) => boolean = () => true): Promise<Extract<TaskEvent, { readonly type: Type }>> {
  const { promise, resolve } = Promise.withResolvers<Extract<TaskEvent, { readonly type: Type }>>();
  const stop = system.events.on('*', (event) => {
    if (!isOf(event, type) || !fits(event)) return;
    stop();
    resolve(event);
  });
  return promise;
}

/** Resolves when the task has written a log line that fits. */
export async function logged(system: TaskSystem, taskId: string, text: string | RegExp): Promise<string> {
  const event = await nextEvent(system, 'task:log', ({ taskId: id, data }) => id === taskId && (typeof text === 'string' ? data.text.includes(text) : text.test(data.text)));
  return event.data.text;
}

function isOf<Type extends TaskEvent['type']>(event: TaskEvent, type: Type): event is Extract<TaskEvent, { readonly type: Type }> {
  return event.type === type;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function allProcesses(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter(isRunning);
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/environ`, 'utf8').split('\0').includes(mark);
  } catch {
    return false;
  }
}

function standsIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`).startsWith(directory);
  } catch {
    return false;
  }
}
