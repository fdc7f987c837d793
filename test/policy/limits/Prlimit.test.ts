import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Prlimit } from '../../../src/lib/task-system/policy/limits/Prlimit.ts';
import { temporaryDirectory } from '../../support/files.ts';

const PATH = '/usr/bin/prlimit';
const isInstalled = existsSync(PATH);
if (!isInstalled) process.stdout.write('SKIPPED: prlimit is not installed; what it does is left out\n');

/** A process that does nothing, by its number; it ends with the test. */
async function sleeper(): Promise<number> {
  const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child.pid ?? 0;
}

function limitOf(pid: number, name: string): string | undefined {
  return new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${String(pid)}/limits`, 'utf8'))?.[1];
}

describe('Prlimit where it is not installed', () => {
  const prlimit = new Prlimit(['/nonexistent/prlimit']);

  it('says so', () => {
    expect(prlimit.isPresent).toBe(false);
  });

  it('limits nothing, and does not pretend to', async () => {
    await expect(prlimit.apply(process.pid, { openFiles: 10 })).resolves.toBe(false);
  });

  it('is never proven', () => {
    expect(prlimit.proven).toBeUndefined();
  });

  it('does not take a file that cannot be run for it', () => {
    const file = join(temporaryDirectory(), 'prlimit');
    writeFileSync(file, '', { mode: 0o644 });
    expect(new Prlimit([file]).isPresent).toBe(false);
  });
});

describe.skipIf(!isInstalled)('Prlimit', () => {
  it('takes the first that is there', () => {
    expect(new Prlimit(['/nonexistent/prlimit', PATH]).isPresent).toBe(true);
  });

  it('limits a process that runs', async () => {
    const pid = await sleeper();
    await expect(new Prlimit([PATH]).apply(pid, { openFiles: 42, fileBytes: 4_096 })).resolves.toBe(true);
    expect([limitOf(pid, 'Max open files'), limitOf(pid, 'Max file size')]).toEqual(['42', '4096']);
  });

  it('forbids dumps of memory whatever else is asked for', async () => {
    const pid = await sleeper();
    await new Prlimit([PATH]).apply(pid, {});
    expect(limitOf(pid, 'Max core file size')).toBe('0');
  });

  it('says that it could not limit a process that is not there', async () => {
    await expect(new Prlimit([PATH]).apply(2 ** 22 + 1, { openFiles: 10 })).resolves.toBe(false);
  });

  it('is proven once it was seen to work', async () => {
    const prlimit = new Prlimit([PATH]);
    expect(prlimit.proven).toBeUndefined();
    await prlimit.apply(await sleeper(), { openFiles: 42 });
    expect(prlimit.proven).toBe(PATH);
  });

  it('is not proven by a failure', async () => {
    const prlimit = new Prlimit([PATH]);
    await prlimit.apply(2 ** 22 + 1, { openFiles: 42 });
    expect(prlimit.proven).toBeUndefined();
  });
});
