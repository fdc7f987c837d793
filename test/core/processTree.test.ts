import { randomUUID } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { endMarked } from '../../src/lib/task-system/core/endMarked.ts';
import { descendantsOf, familyOf, findMarked, groupIsAlive, hasForked, isAlive, signal } from '../../src/lib/task-system/core/processTree.ts';
import { hasProc } from '../../src/lib/task-system/policy/procfs.ts';
import { temporaryDirectory } from '../support/files.ts';
import { nextPid, startProgram, startScript, type Program } from './programs.ts';
import { until } from './until.ts';

/** Beyond every number that the kernel gives. */
const NOBODY = 99_999_999;

/** A process of its own that does nothing and has no children. */
function idle(env: Readonly<Record<string, string>> = {}): Program {
  return startProgram('/bin/cat', [], env);
}

function mark(): { readonly env: Readonly<Record<string, string>>; readonly text: string } {
  const value = randomUUID();
  return { env: { TEST_MARK: value }, text: `TEST_MARK=${value}\0` };
}

describe.runIf(hasProc())('hasForked', () => {
  it('is false for a process that never had a child', () => {
    expect(hasForked(idle().pid)).toBe(false);
  });

  it('is true while a child lives', async () => {
    const parent = startScript('sleep 1000 & echo $!; exec cat');
    await nextPid(parent);
    expect(hasForked(parent.pid)).toBe(true);
  });

  it('is true for ever after a child was waited for', async () => {
    const parent = startScript('/bin/true; echo done; exec cat');
    await parent.nextLine();
    expect(descendantsOf(parent.pid)).toEqual([]);
    expect(hasForked(parent.pid)).toBe(true);
  });

  it('is true when a child has left its group and its session', async () => {
    const parent = startScript('setsid sleep 1000 & echo $!; exec cat');
    await nextPid(parent);
    expect(hasForked(parent.pid)).toBe(true);
  });

  it('is true when the only child is a zombie', async () => {
    const { parent } = await withZombie();
    expect(hasForked(parent.pid)).toBe(true);
  });

  it('cannot say no for a zombie: it has passed its children on', async () => {
    const { zombie } = await withZombie();
    expect(hasForked(zombie)).toBe(true);
  });

  it('cannot say no for a process that is gone', () => {
    expect(hasForked(NOBODY)).toBe(true);
  });

  it('is not misled by the name of a program', () => {
    const program = path.join(temporaryDirectory(), 'a) Z 1 (b');
    symlinkSync('/bin/cat', program);
    const { pid } = startProgram(program);
    expect([hasForked(pid), isAlive(pid)]).toEqual([false, true]);
  });
});

describe.runIf(hasProc())('familyOf', () => {
  it('is the process and what it started, parents first', async () => {
    const program = startScript('sleep 1000 & echo $!; wait');
    const child = await nextPid(program);
    expect(familyOf(program.pid)).toEqual([program.pid, child]);
  });

  it('is nobody for a process that was never started', () => {
    expect(familyOf(undefined)).toEqual([]);
  });
});

describe.runIf(hasProc())('descendantsOf', () => {
  it('is empty for a process without children', () => {
    expect(descendantsOf(idle().pid)).toEqual([]);
  });

  it('lists children before grandchildren', async () => {
    const program = startScript('sh -c \'sleep 1000 & echo $! $$; exec sleep 1000\' & exec cat');
    const [grandchild, child] = (await program.nextLine()).split(' ').map(Number);
    expect(descendantsOf(program.pid)).toEqual([child, grandchild]);
  });

  it('finds those in other groups and sessions, as long as their parents live', async () => {
    const program = startScript('setsid sh -c \'echo $$; exec sleep 1000\' & exec cat');
    const child = await nextPid(program);
    await until(() => descendantsOf(program.pid).includes(child));
  });

  it('is empty for a process that is gone', () => {
    expect(descendantsOf(NOBODY)).toEqual([]);
  });
});

describe.runIf(hasProc())('findMarked', () => {
  it('finds a process by its environment', async () => {
    const { env, text } = mark();
    const { pid } = idle(env);
    expect(await marked(text)).toEqual([pid]);
  });

  it('finds a grandchild that left group, session and parent', async () => {
    const { env, text } = mark();
    const program = startScript('setsid sh -c \'sleep 1000 & echo $!\'', env);
    const orphan = await nextPid(program);
    await program.ended;
    await until(async () => (await marked(text)).length === 1);
    expect(await marked(text)).toEqual([orphan]);
  });

  it('does not take the beginning of a value for the value', async () => {
    const { env, text } = mark();
    idle({ TEST_MARK: `${env['TEST_MARK'] ?? ''}0` });
    expect(await marked(text)).toEqual([]);
  });

  it('does not count a process that has ended', async () => {
    const { env, text } = mark();
    const program = idle(env);
    program.child.stdin?.end();
    await program.ended;
    expect(await marked(text)).toEqual([]);
  });

  it('does not count zombies', async () => {
    const { env, text } = mark();
    const { parent } = await withZombie(env);
    expect(await marked(text)).toEqual([parent.pid]);
  });
});

describe.runIf(hasProc())('endMarked', () => {
  it('kills everything that carries the mark, and nothing else', async () => {
    const { env, text } = mark();
    const other = idle(mark().env);
    const first = startScript('trap "" TERM INT HUP; setsid sleep 1000 & setsid sleep 1000 & echo up; exec cat', env);
    await first.nextLine();
    await expect(endMarked(text.slice(0, -1))).resolves.toEqual([]);
    await expect(first.ended).resolves.toBe('SIGKILL');
    expect(await marked(text)).toEqual([]);
    expect(isAlive(other.pid)).toBe(true);
  });

  it('spares a process whose mark only begins alike', async () => {
    const { env, text } = mark();
    const other = idle({ TEST_MARK: `${env['TEST_MARK'] ?? ''}0` });
    await expect(endMarked(text.slice(0, -1))).resolves.toEqual([]);
    expect(isAlive(other.pid)).toBe(true);
  });

  it('is done at once when nobody carries the mark', async () => {
    await expect(endMarked(`TEST_MARK=${randomUUID()}`)).resolves.toEqual([]);
  });
});

describe('isAlive', () => {
  it('is true for a process that runs', () => {
    expect(isAlive(process.pid)).toBe(true);
  });

  it('is false for a process that is gone', async () => {
    const program = idle();
    program.child.stdin?.end();
    await program.ended;
    expect([isAlive(program.pid), isAlive(NOBODY)]).toEqual([false, false]);
  });

  it.runIf(hasProc())('is false for a zombie, which signals still reach', async () => {
    const { zombie } = await withZombie();
    expect([isAlive(zombie), signal(zombie, 0)]).toEqual([false, true]);
  });
});

describe('groupIsAlive', () => {
  it('is true as long as any member lives, also without its leader', async () => {
    const program = startScript('sleep 1000 & echo $!');
    const member = await nextPid(program);
    await program.ended;
    expect(groupIsAlive(program.pid)).toBe(true);
    signal(member, 'SIGKILL');
    await until(() => !groupIsAlive(program.pid) || !isAlive(member));
  });

  it('is false for a group that nobody is in', async () => {
    const program = idle();
    signal(-program.pid, 'SIGKILL');
    await program.ended;
    expect(groupIsAlive(program.pid)).toBe(false);
  });
});

describe('signal', () => {
  it('reaches a process, and says so', async () => {
    const program = idle();
    expect(signal(program.pid, 'SIGTERM')).toBe(true);
    await expect(program.ended).resolves.toBe('SIGTERM');
  });

  it('reaches every member of a group', async () => {
    const program = startScript('sleep 1000 & echo $!; exec cat');
    const member = await nextPid(program);
    expect(signal(-program.pid, 'SIGKILL')).toBe(true);
    await program.ended;
    await until(() => !isAlive(member));
  });

  it('says so when there is nobody', () => {
    expect([signal(NOBODY, 'SIGKILL'), signal(-NOBODY, 'SIGKILL')]).toEqual([false, false]);
  });
});

/** The marked processes, once that is sure. */
async function marked(text: string): Promise<readonly number[]> {
  let found: readonly number[] | undefined;
  await until(async () => {
    found = await findMarked(text);
    return found !== undefined;
  });
  return found ?? [];
}

/** A process with a child that has ended and is never waited for. */
async function withZombie(env: Readonly<Record<string, string>> = {}): Promise<{ readonly parent: Program; readonly zombie: number }> {
  const parent = startScript('sleep 1000 & echo $!; exec cat', env);
  const zombie = await nextPid(parent);
  // The shell would wait for its child; the program that replaces it does not.
  await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'cat\n');
  signal(zombie, 'SIGKILL');
  await until(() => !isAlive(zombie));
  return { parent, zombie };
}
