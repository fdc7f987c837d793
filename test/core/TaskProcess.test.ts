import { ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../src/lib/task-system/core/processTree.ts';
import { hasProc } from '../../src/lib/task-system/policy/procfs.ts';
import { DirectLauncher } from '../../src/lib/task-system/core/launch/DirectLauncher.ts';
import { TaskProcess } from '../../src/lib/task-system/core/TaskProcess.ts';
import { MARKS } from '../../src/lib/task-system/policy/Sandbox.ts';
import type { LaunchPlan } from '../../src/lib/task-system/policy/sandbox/LaunchPlan.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { systemClock, type Clock } from '../../src/lib/task-system/types/Ports.ts';
import type { ChildMessage } from '../../src/lib/task-system/types/ProtocolSchema.ts';
import { kill } from './programs.ts';
import { turns, until } from './until.ts';

interface Settings {
  readonly clock?: Clock;
  readonly niceness?: number;
  /** Whether it is said to have no descriptor without need. */
  readonly isClean?: boolean;
  /** Whether it passes for a sandbox: its child for the first process in it, and the child of that for the task. */
  readonly hasNamespace?: boolean;
}

/** Starts a shell script in the place of a task; descriptor 3 is its channel. */
function startScript(script: string, { clock = systemClock, niceness = 0, isClean = false, hasNamespace = false }: Settings = {}): TaskProcess {
  const id = randomUUID();
  const plan = { command: '/bin/sh', args: ['-c', script], env: { PATH: '/usr/bin:/bin', [MARKS.process]: id }, cwd: '/', niceness, hasNamespace };
  const direct = new DirectLauncher(spawn);
  const launcher = isClean ? { launch: (what: LaunchPlan) => ({ ...direct.launch(what), isClean }) } : direct;
  const child = new TaskProcess(id, plan, { launcher, clock, maxResultBytes: 1_000 });
  const { pid } = child;
  if (pid !== undefined) onTestFinished(() => { kill(-pid); });
  return child;
}

/** A shell command that sends a message. */
function say(message: object): string {
  const text = JSON.stringify(message);
  return `printf '\\000\\000\\000\\${text.length.toString(8)}%s' '${text}' >&3`;
}

const READY = say({ type: 'ready', version: 1 });

/** Hears what a process says. */
function hear(child: TaskProcess): { readonly messages: ChildMessage[]; readonly faults: string[] } {
  const heard: { readonly messages: ChildMessage[]; readonly faults: string[] } = { messages: [], faults: [] };
  child.listen({ onMessage: (message) => { heard.messages.push(message); }, onFault: (fault) => { heard.faults.push(fault); } });
  return heard;
}

/** The number that a script prints. */
async function printedPid(child: TaskProcess): Promise<number> {
  if (child.stdout === null) throw new Error('no output');
  const [chunk]: unknown[] = await once(child.stdout, 'data');
  const pid = Number(String(chunk));
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`"${String(chunk)}" is no number of a process`);
  onTestFinished(() => { kill(pid); });
  return pid;
}

/** What a script is told first when it is up: a frame whose message has so many bytes. */
async function firstMessage(bytes: number, settings: Settings): Promise<unknown> {
  const child = startScript(`${READY}; head -c ${bytes + 4} <&3 | tail -c ${bytes}`, settings);
  const [text]: unknown[] = child.stdout === null ? [] : await once(child.stdout, 'data');
  return JSON.parse(String(text));
}

describe('TaskProcess', () => {
  it.runIf(hasProc())('is not there any more when the process that runs the task has ended, even if its sandbox has not noticed', async () => {
    // A shell that has something else to do afterwards does not become the program.
    const task = `echo $$; ${READY}; sleep 1000; :`;
    const child = startScript(`sh -c '(exec sh -c "$0"); sleep 1000' ${JSON.stringify(task).replaceAll('$', String.raw`\$`)}; :`, { hasNamespace: true });
    const pid = await printedPid(child);
    await child.up;
    expect([child.taskPid, child.isThere]).toEqual([pid, true]);
    kill(pid);
    await until(() => !isAlive(pid));
    expect(child.isThere).toBe(false);
  });

  it('tells a process that may have inherited descriptors to close them before anything else', async () => {
    expect(await firstMessage(16, { isClean: false })).toEqual({ type: 'clean' });
  });

  it('spares a process that surely has none, and lets it rehearse when nothing has come for a while', async () => {
    const clock = new FakeClock();
    const first = firstMessage(19, { isClean: true, clock });
    await until(() => clock.pendingTimers > 0);
    clock.advance(150);
    expect(await first).toEqual({ type: 'rehearse' });
  });

  it('has no time to rehearse when its work comes before', async () => {
    const clock = new FakeClock();
    const child = startScript(`${READY}; exec sleep 1000`, { isClean: true, clock });
    await child.up;
    clock.advance(149);
    expect(clock.pendingTimers).toBe(1);
    child.send({ type: 'abort', cause: 'timeout', reason: 'work' });
    expect(clock.pendingTimers).toBe(0);
    await child.destroy();
  });

  it('does not think of rehearsing any more once it has ended', async () => {
    const clock = new FakeClock();
    const child = startScript(READY, { isClean: true, clock });
    await child.up;
    await child.exited;
    expect(clock.pendingTimers).toBe(0);
    await child.destroy();
  });

  it('is up when the child has said so', async () => {
    const child = startScript(`${READY}; exec sleep 1000`);
    expect(child.isUp).toBe(false);
    await until(() => child.isUp);
    await child.destroy();
  });

  it('hands over what the child says, except that it is ready', async () => {
    const child = startScript(`${READY}; ${say({ type: 'progress', percent: 5 })}; exec sleep 1000`);
    const heard = hear(child);
    await until(() => heard.messages.length > 0);
    expect([heard.messages, child.isUp]).toEqual([[{ type: 'progress', percent: 5 }], true]);
    await child.destroy();
  });

  it('loses no last words: they are heard before the exit is told', async () => {
    for (let count = 0; count < 20; count++) {
      const child = startScript(say({ type: 'result', json: `${count}` }));
      const heard = hear(child);
      await expect(child.exited).resolves.toEqual({ code: 0, signal: null });
      expect(heard.messages).toEqual([{ type: 'result', json: `${count}` }]);
      await child.destroy();
    }
  });

  it('tells by which code or signal the child ended', async () => {
    await expect(startScript('exit 7').exited).resolves.toEqual({ code: 7, signal: null });
    await expect(startScript('kill -9 $$').exited).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('waits a bounded time for a channel that somebody else holds open', async () => {
    const clock = new FakeClock();
    const child = startScript('sleep 1000 & exit 3', { clock });
    let isTold = false;
    void child.exited.then(() => { isTold = true; });
    await until(() => clock.pendingTimers > 0);
    await turns();
    expect(isTold).toBe(false);
    clock.advance(500);
    await expect(child.exited).resolves.toEqual({ code: 3, signal: null });
  });

  it('gives the child less priority than its host has', async () => {
    const child = startScript('exec sleep 1000', { niceness: 5 });
    expect(getPriority(child.pid)).toBe(Math.min(getPriority() + 5, 19));
    await child.destroy();
  });
});

describe('TaskProcess that nobody has a task for', () => {
  it('is ended when it breaks the protocol', async () => {
    const child = startScript('printf garbage-garbage >&3; exec sleep 1000');
    await expect(child.exited).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('TaskProcess.terminate', () => {
  it('asks the whole group to end', async () => {
    const child = startScript('sleep 1000 & echo $!; wait');
    const member = await printedPid(child);
    child.terminate();
    await expect(child.exited).resolves.toEqual({ code: null, signal: 'SIGTERM' });
    await until(() => !isAlive(member));
  });

  it('does nothing to a process that has ended: its number may be somebody else', async () => {
    const child = startScript('exit 0');
    await child.exited;
    child.terminate();
    await expect(child.destroy()).resolves.toEqual([]);
  });
});

describe.runIf(hasProc())('TaskProcess.destroy', () => {
  it('ends a process that ignores every request', async () => {
    const child = startScript('trap "" TERM INT HUP; echo $$; while :; do sleep 1000; done');
    await printedPid(child);
    await expect(child.destroy()).resolves.toEqual([]);
    await expect(child.exited).resolves.toMatchObject({ signal: 'SIGKILL' });
  });

  it('ends members of its group', async () => {
    const child = startScript('sleep 1000 & echo $!; wait');
    const member = await printedPid(child);
    await expect(child.destroy()).resolves.toEqual([]);
    expect(isAlive(member)).toBe(false);
  });

  it('ends a grandchild that left group, session and parent', async () => {
    const child = startScript('setsid sh -c "sleep 1000 & echo \\$!"; exec sleep 1000');
    const orphan = await printedPid(child);
    await expect(child.destroy()).resolves.toEqual([]);
    expect(isAlive(orphan)).toBe(false);
  });

  it('ends a descendant that dropped its environment, as long as it has its parent', async () => {
    const child = startScript('setsid env -i /bin/sleep 1000 & echo $!; wait');
    const stranger = await printedPid(child);
    await until(() => readFileSync(`/proc/${stranger}/comm`, 'utf8') === 'sleep\n');
    await expect(child.destroy()).resolves.toEqual([]);
    await until(() => !isAlive(stranger));
  });

  it('ends what a process left behind that has ended by itself', async () => {
    const child = startScript('setsid sleep 1000 & echo $!; exit 0');
    const orphan = await printedPid(child);
    await child.exited;
    expect(isAlive(orphan)).toBe(true);
    await expect(child.destroy()).resolves.toEqual([]);
    expect(isAlive(orphan)).toBe(false);
  });

  it('ends what a process left behind that is just ending, before anybody was told', async () => {
    for (let count = 0; count < 20; count++) {
      const child = startScript('setsid sleep 1000 & echo $!; exit 0');
      const orphan = await printedPid(child);
      // No turn of the event loop in between: the exit cannot have been told yet.
      while (isAlive(child.pid ?? 0));
      await expect(child.destroy()).resolves.toEqual([]);
      expect(isAlive(orphan)).toBe(false);
    }
  });

  it('may be called more than once, also at once', async () => {
    const child = startScript('exec sleep 1000');
    await expect(Promise.all([child.destroy(), child.destroy()])).resolves.toEqual([[], []]);
    await expect(child.destroy()).resolves.toEqual([]);
  });

  it('hears nothing any more', async () => {
    const child = startScript(`echo $$; while :; do ${say({ type: 'progress', percent: 1 })}; done`);
    const heard = hear(child);
    await until(() => heard.messages.length > 0);
    const destroying = child.destroy();
    const count = heard.messages.length;
    await destroying;
    expect([heard.messages.length, heard.faults]).toEqual([count, []]);
    child.send({ type: 'abort', cause: 'shutdown', reason: 'too late' });
  });
});

describe('TaskProcess that cannot be started', () => {
  it('says why', async () => {
    const plan = { command: '/nowhere/program', args: [], env: {}, cwd: '/', niceness: 10 };
    const child = new TaskProcess('p', plan, { launcher: new DirectLauncher(spawn), clock: systemClock, maxResultBytes: 1_000 });
    expect(child.pid).toBeUndefined();
    await expect(child.exited).resolves.toMatchObject({ code: null, signal: null, error: { code: 'ENOENT' } });
    child.terminate();
    await expect(child.destroy()).resolves.toEqual([]);
  });

  it('survives a system without a single file descriptor left, where Node gives a child without pipes', async () => {
    const bare = new ChildProcess();
    const plan = { command: 'none', args: [], env: {}, cwd: '/', niceness: 10 };
    const child = new TaskProcess('p', plan, { launcher: new DirectLauncher(() => bare), clock: systemClock, maxResultBytes: 1_000 });
    bare.emit('error', Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE' }));
    await expect(child.exited).resolves.toMatchObject({ error: { code: 'EMFILE' } });
    const heard = hear(child);
    child.send({ type: 'abort', cause: 'shutdown', reason: '' });
    await expect(child.destroy()).resolves.toEqual([]);
    expect(heard.faults).toEqual([]);
  });
});
