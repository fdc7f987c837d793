import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withFileLock } from '../../../src/lib/task-system/context/memory/FileLock.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { temporaryDirectory } from '../../support/files.ts';

/** No process has this number: it is above what Linux gives. */
const NOBODY = 4_194_305;
const HOUR_MS = 3_600_000;

function lockWith(text?: string, ageMs = 0): string {
  const file = path.join(temporaryDirectory(), '.lock');
  if (text === undefined) return file;
  writeFileSync(file, text);
  const time = (Date.now() - ageMs) / 1_000;
  utimesSync(file, time, time);
  return file;
}

const owner = (more: object): string => JSON.stringify({ pid: process.pid, host: hostname(), id: 'x', ...more });
const take = (file: string): Promise<string> => withFileLock(file, 0, () => Promise.resolve('done'));

describe('withFileLock', () => {
  it('holds the lock while it works, and names itself in it', async () => {
    const file = lockWith();
    const seen = await withFileLock(file, 0, () => Promise.resolve(readFileSync(file, 'utf8')));
    expect(JSON.parse(seen)).toMatchObject({ pid: process.pid, host: hostname() });
  });

  it('gives what the work gives, and leaves nothing behind', async () => {
    const file = lockWith();
    expect([await take(file), readdirSync(path.dirname(file))]).toEqual(['done', []]);
  });

  it('lets go of the lock when the work throws', async () => {
    const file = lockWith();
    await expect(withFileLock(file, 0, () => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
  });

  it('does not work while somebody alive has the lock', async () => {
    const file = lockWith(owner({}));
    expect(await rejectionOf(take(file))).toMatchObject({ code: 'MEMORY_BUSY', details: { path: file } });
  });

  it('leaves the lock of somebody else, and nothing of its own', async () => {
    const file = lockWith(owner({}));
    await rejectionOf(take(file));
    expect([readFileSync(file, 'utf8'), readdirSync(path.dirname(file))]).toEqual([owner({}), ['.lock']]);
  });

  it('takes the lock of a process that is dead', async () => {
    expect(await take(lockWith(owner({ pid: NOBODY })))).toBe('done');
  });

  it.skipIf(!existsSync('/proc/self/stat'))('takes the lock of a process whose number somebody else has now', async () => {
    expect(await take(lockWith(owner({ start: 'another time' })))).toBe('done');
  });

  it('does not take a young lock of another machine, whose processes it cannot see', async () => {
    expect((await rejectionOf(take(lockWith(owner({ host: 'elsewhere', pid: NOBODY }))))).code).toBe('MEMORY_BUSY');
  });

  it('takes an old lock of another machine', async () => {
    expect(await take(lockWith(owner({ host: 'elsewhere' }), HOUR_MS))).toBe('done');
  });

  it('does not take an old lock of somebody alive on this machine', async () => {
    expect((await rejectionOf(take(lockWith(owner({}), HOUR_MS)))).code).toBe('MEMORY_BUSY');
  });

  it('takes a lock that nobody can read once it is old, and not before', async () => {
    expect([await take(lockWith('{', HOUR_MS)), (await rejectionOf(take(lockWith('{')))).code]).toEqual(['done', 'MEMORY_BUSY']);
  });

  it('takes a lock that names nobody once it is old, and not before', async () => {
    expect([await take(lockWith('{"pid":"x"}', HOUR_MS)), (await rejectionOf(take(lockWith('{"pid":"x"}')))).code]).toEqual(['done', 'MEMORY_BUSY']);
  });

  it('lets one after the other work', async () => {
    const file = lockWith();
    let [inside, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await Promise.resolve();
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withFileLock(file, 10_000, work)));
    expect([most, existsSync(file)]).toEqual([1, false]);
  });

  it('goes on where one who took over a lock died in between', async () => {
    const file = lockWith(owner({ pid: NOBODY }));
    writeFileSync(`${file}.reclaim`, owner({ pid: NOBODY }));
    expect(await withFileLock(file, 10_000, () => Promise.resolve('done'))).toBe('done');
  });
});
