import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../src/lib/task-system/core/processTree.ts';
import { hasProc } from '../../src/lib/task-system/policy/procfs.ts';
import { Undertaker } from '../../src/lib/task-system/core/Undertaker.ts';
import type { ProcessSpawner } from '../../src/lib/task-system/types/Ports.ts';
import { makeLogger } from './makers.ts';
import { kill, nextPid, startProgram, startScript, type Program } from './programs.ts';
import { until } from './until.ts';

interface Setup {
  readonly undertaker: Undertaker;
  /** The shell behind it. */
  readonly shell: ChildProcess;
  readonly pid: number;
  /** The environment by which it finds processes. */
  readonly env: Readonly<Record<string, string>>;
}

function setUp(): Setup {
  const id = randomUUID();
  const shells: ChildProcess[] = [];
  const undertaker = new Undertaker(`TEST_HOST=${id}`, (command, args, options) => {
    const child = spawn(command, args, options);
    shells.push(child);
    return child;
  }, makeLogger());
  const [shell] = shells;
  const pid = shell?.pid;
  if (shell === undefined || pid === undefined) throw new Error('the undertaker did not start');
  onTestFinished(() => { kill(pid); });
  return { undertaker, shell, pid, env: { TEST_HOST: id } };
}

function idle(env: Readonly<Record<string, string>> = {}): Program {
  return startProgram('/bin/cat', [], env);
}

describe.runIf(hasProc())('Undertaker', () => {
  it('kills the groups under its watch when it is closed', async () => {
    const { undertaker } = setUp();
    const program = startScript('trap "" TERM INT HUP; sleep 1000 & echo $!; exec cat');
    const member = await nextPid(program);
    undertaker.watch(program.pid);
    await undertaker.close();
    await expect(program.ended).resolves.toBe('SIGKILL');
    await until(() => !isAlive(member));
  });

  it('kills them when the host is gone without a word', async () => {
    const { undertaker, shell } = setUp();
    const program = idle();
    undertaker.watch(program.pid);
    shell.stdin?.end();
    await expect(program.ended).resolves.toBe('SIGKILL');
  });

  it('kills marked processes that are in none of the groups', async () => {
    const { undertaker, env } = setUp();
    const program = startScript('setsid sh -c \'sleep 1000 & echo $!\'', env);
    const orphan = await nextPid(program);
    await program.ended;
    await undertaker.close();
    await until(() => !isAlive(orphan));
  });

  it('leaves processes of other hosts alone', async () => {
    const { undertaker } = setUp();
    const other = idle({ TEST_HOST: randomUUID() });
    await undertaker.close();
    expect(isAlive(other.pid)).toBe(true);
  });

  it('takes its mark literally, not as a pattern', async () => {
    const undertaker = new Undertaker('TEST_HOST=.*', spawn, makeLogger());
    const other = idle({ TEST_HOST: randomUUID() });
    await undertaker.close();
    expect(isAlive(other.pid)).toBe(true);
  });

  it('forgets groups that are gone: their number may belong to somebody else by then', async () => {
    const { undertaker } = setUp();
    const programs = [idle(), idle(), idle()];
    for (const { pid } of programs) undertaker.watch(pid);
    undertaker.forget(programs[1]?.pid ?? 0);
    await undertaker.close();
    await expect(Promise.all([programs[0]?.ended, programs[2]?.ended])).resolves.toEqual(['SIGKILL', 'SIGKILL']);
    expect(isAlive(programs[1]?.pid ?? 0)).toBe(true);
  });

  it('does not mix up numbers that are part of one another, or forget one for another', async () => {
    const { undertaker } = setUp();
    const program = idle();
    undertaker.watch(program.pid);
    undertaker.forget(Number(String(program.pid).slice(0, -1)));
    undertaker.forget(Number(`${program.pid}0`));
    await undertaker.close();
    await expect(program.ended).resolves.toBe('SIGKILL');
  });

  it('stays right about everybody else when told to forget a group that it never watched', async () => {
    const { undertaker } = setUp();
    const forgotten = idle();
    const watched = idle();
    undertaker.watch(forgotten.pid);
    undertaker.watch(watched.pid);
    undertaker.forget(99_999_999);
    undertaker.forget(forgotten.pid);
    await undertaker.close();
    await expect(watched.ended).resolves.toBe('SIGKILL');
    expect(isAlive(forgotten.pid)).toBe(true);
  });

  it('keeps up with thousands of groups that come and go', async () => {
    const { undertaker } = setUp();
    const program = idle();
    undertaker.watch(program.pid);
    for (let group = 50_000_000; group < 50_003_000; group++) {
      undertaker.watch(group);
      undertaker.forget(group);
    }
    await undertaker.close();
    await expect(program.ended).resolves.toBe('SIGKILL');
  });

  it('survives the signals that end its host', async () => {
    const { undertaker, pid } = setUp();
    const program = startScript('echo up; exec cat');
    await program.nextLine();
    // It must have read something before: until then its traps may not be set.
    undertaker.watch(program.pid);
    await until(() => ignoresSignals(pid));
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGPIPE'] as const) process.kill(pid, name);
    expect(isAlive(pid)).toBe(true);
    await undertaker.close();
    await expect(program.ended).resolves.toBe('SIGKILL');
  });

  it('is in a session of its own, so that a Ctrl-C for the host does not reach it', () => {
    const { pid } = setUp();
    const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    expect([group, session]).toEqual([String(pid), String(pid)]);
  });

  it('holds nothing of its host: no directory, no environment', () => {
    const { pid } = setUp();
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('PATH=/usr/bin:/bin\0');
  });
});

describe('Undertaker.close', () => {
  it('ends its shell', async () => {
    const { undertaker, shell } = setUp();
    await undertaker.close();
    expect(shell.exitCode).toBe(0);
  });

  it('may be called twice', async () => {
    const { undertaker } = setUp();
    await undertaker.close();
    await expect(undertaker.close()).resolves.toBeUndefined();
  });

  it('does not wait for a shell that was killed', async () => {
    const { undertaker, shell, pid } = setUp();
    kill(pid);
    await once(shell, 'exit');
    undertaker.watch(1_000_000);
    await expect(undertaker.close()).resolves.toBeUndefined();
  });

  it('does not mind what comes after it', async () => {
    const { undertaker } = setUp();
    await undertaker.close();
    undertaker.watch(99_999_999);
    undertaker.forget(99_999_999);
  });
});

describe('Undertaker without a shell', () => {
  it('says so once, and is no obstacle', async () => {
    const logger = makeLogger();
    const spawnNothing: ProcessSpawner = (_command, args, options) => spawn('/nowhere/sh', args, options);
    const undertaker = new Undertaker('TEST_HOST=x', spawnNothing, logger);
    undertaker.watch(99_999_999);
    await until(() => logger.lines.length > 0);
    undertaker.forget(99_999_999);
    await undertaker.close();
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
  });
});

/** Whether a process ignores SIGINT (bit 1) and SIGTERM (bit 14), by the word of the kernel. */
function ignoresSignals(pid: number): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & 0x4002n) === 0x4002n;
}
