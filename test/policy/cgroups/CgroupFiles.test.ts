import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, kernelFiles, readCounters } from '../../../src/lib/task-system/policy/cgroups/CgroupFiles.ts';
import { temporaryDirectory } from '../../support/files.ts';

const codeFrom = (work: Promise<void>): Promise<string> => work.then(() => '', codeOf);

describe('kernelFiles', () => {
  it('reads a file, and nothing where there is none', () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'cgroup.procs'), '1\n2\n');
    expect([kernelFiles.read(join(folder, 'cgroup.procs')), kernelFiles.read(join(folder, 'none'))]).toEqual(['1\n2\n', undefined]);
  });

  it('writes to files that may only be written', async () => {
    const path = join(temporaryDirectory(), 'cgroup.kill');
    writeFileSync(path, '');
    chmodSync(path, 0o200);
    await kernelFiles.write(path, '1');
    chmodSync(path, 0o600);
    expect(readFileSync(path, 'utf8')).toBe('1');
  });

  it('makes no file that the kernel does not have', async () => {
    const path = join(temporaryDirectory(), 'memory.max');
    expect(await codeFrom(kernelFiles.write(path, '1'))).toBe('ENOENT');
    expect(existsSync(path)).toBe(false);
  });

  it('makes a group, also one that is there', async () => {
    const path = join(temporaryDirectory(), 'group');
    await kernelFiles.make(path);
    await kernelFiles.make(path);
    expect(existsSync(path)).toBe(true);
  });

  it('makes no group in one that is not there', async () => {
    expect(await codeFrom(kernelFiles.make(join(temporaryDirectory(), 'none', 'group')))).toBe('ENOENT');
  });

  it('removes a group, also one that is gone', async () => {
    const path = join(temporaryDirectory(), 'group');
    mkdirSync(path);
    await kernelFiles.remove(path);
    await kernelFiles.remove(path);
    expect(existsSync(path)).toBe(false);
  });

  it('removes no group that has others', async () => {
    const path = join(temporaryDirectory(), 'group');
    mkdirSync(join(path, 'inner'), { recursive: true });
    expect(await codeFrom(kernelFiles.remove(path))).toBe('ENOTEMPTY');
  });

  it('lists groups and not files', () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'one'));
    writeFileSync(join(folder, 'cgroup.procs'), '');
    expect(kernelFiles.groupsIn(folder)).toEqual(['one']);
  });

  it('lists none where there is no group', () => {
    expect(kernelFiles.groupsIn('/nonexistent')).toEqual([]);
  });
});

describe('readCounters', () => {
  const counters = (text: string | undefined): Record<string, number> => Object.fromEntries(readCounters({ read: () => text }, 'memory.events'));

  it('reads a number for each name', () => {
    expect(counters('low 0\noom_kill 3\n')).toEqual({ low: 0, oom_kill: 3 });
  });

  it.each([['nothing', undefined], ['an empty file', ''], ['a line without a number', 'oom_kill\n']])('reads nothing from %s', (_what, text) => {
    expect(counters(text)).toEqual({});
  });
});

describe('codeOf', () => {
  it.each([['an error of the system', Object.assign(new Error('busy'), { code: 'EBUSY' }), 'EBUSY'], ['another error', new Error('x'), ''], ['a number as a code', Object.assign(new Error('x'), { code: 5 }), ''], ['no error', 'EBUSY', '']])('of %s', (_what, thrown, code) => {
    expect(codeOf(thrown)).toBe(code);
  });
});
