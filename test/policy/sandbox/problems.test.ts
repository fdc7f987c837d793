import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../src/lib/task-system/policy/sandbox/Machine.ts';
import { explainFailure, missingParts } from '../../../src/lib/task-system/policy/sandbox/problems.ts';
import { SYSCALL_TABLES } from '../../../src/lib/task-system/policy/sandbox/syscalls.ts';

const complete: Machine = { platform: 'linux', arch: 'x64', isRoot: true, bubblewrap: '/usr/bin/bwrap', syscalls: SYSCALL_TABLES['x64'] };

describe('missingParts', () => {
  it('finds nothing missing on a complete machine', () => {
    expect(missingParts(complete)).toEqual([]);
  });

  it('asks for Linux first, and then for nothing else', () => {
    expect(missingParts({ ...complete, platform: 'darwin', bubblewrap: undefined, syscalls: undefined })).toMatchObject([{ what: expect.stringContaining('darwin'), fix: expect.stringContaining('Linux') }]);
  });

  it('asks for bubblewrap, by the words of each distribution', () => {
    const [problem] = missingParts({ ...complete, bubblewrap: undefined });
    expect(problem?.fix).toMatch(/apt-get install bubblewrap.*dnf install bubblewrap.*apk add bubblewrap/);
  });

  it('asks for a processor that has a table of system calls', () => {
    expect(missingParts({ ...complete, arch: 'riscv64', syscalls: undefined })).toMatchObject([{ what: expect.stringContaining('riscv64'), fix: expect.stringContaining('arm64') }]);
  });

  it('needs nothing more where the host is root', () => {
    expect(missingParts({ ...complete, isRoot: true })).toEqual(missingParts({ ...complete, isRoot: false }));
  });

  it('names all that is missing at once', () => {
    expect(missingParts({ ...complete, bubblewrap: undefined, syscalls: undefined })).toHaveLength(2);
  });
});

describe('explainFailure', () => {
  it.each([[true, 'for root'], [false, 'for a user without rights']])('says for whom bubblewrap failed (root: %s)', (isRoot, words) => {
    expect(explainFailure('kernel', 'refused', { ...complete, isRoot }).what).toContain(words);
  });

  it('knows what to do in Docker, on Ubuntu and elsewhere', () => {
    expect(explainFailure('kernel', '', complete).fix).toMatch(/Docker.*SYS_ADMIN.*Ubuntu.*AppArmor.*max_user_namespaces/);
  });

  it('passes on what a plain process said', () => {
    expect(explainFailure('process', 'bad option', complete)).toMatchObject({ what: expect.stringContaining('bad option'), fix: expect.stringContaining('22.18') });
  });
});
