import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CanaryFacts } from '../../../src/lib/task-system/policy/sandbox/canaryFacts.ts';
import type { Machine } from '../../../src/lib/task-system/policy/sandbox/Machine.ts';
import { probeLevel } from '../../../src/lib/task-system/policy/sandbox/probe.ts';
import { probeLevels } from '../../../src/lib/task-system/policy/sandbox/probeLevels.ts';
import { SYSCALL_TABLES } from '../../../src/lib/task-system/policy/sandbox/syscalls.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import type { ProcessSpawner } from '../../../src/lib/task-system/types/Ports.ts';
import { temporaryDirectory } from '../../support/files.ts';

const CONTENT: CanaryFacts = {
  writesWorkspace: true, cannotReadOutside: true, cannotWriteOutside: true, cannotWriteLibrary: true, cannotWriteKernelSettings: true, hasOwnProcesses: true, hasOwnNetwork: true, hasFilter: true,
  cannotOpenUnixSocket: true, cannotGainRights: true, isNotRoot: true, cannotStartPrograms: true, hasNoForeignDescriptors: true,
};
const MACHINE: Machine = { platform: 'linux', arch: 'x64', isRoot: false, bubblewrap: '/usr/bin/bwrap', syscalls: SYSCALL_TABLES['x64'] };

/** Starts, in place of a canary, what prints the given text; counts how often. */
function singing(text: string, stream: 'stdout' | 'stderr' = 'stdout'): ProcessSpawner & { readonly calls: readonly string[] } {
  const calls: string[] = [];
  const start: ProcessSpawner = (command, _args, options) => {
    calls.push(command);
    return spawn('/bin/sh', ['-c', stream === 'stdout' ? 'printf %s "$0"' : 'printf %s "$0" >&2', text], { stdio: options.stdio ?? 'pipe' });
  };
  return Object.assign(start, { calls });
}

function ports(start: ProcessSpawner, root = temporaryDirectory()): Parameters<typeof probeLevel>[1] {
  return { entry: join(import.meta.dirname, 'probe.test.ts'), root, spawn: start, clock: new FakeClock() };
}

const saying = (facts: Partial<CanaryFacts>): ReturnType<typeof singing> => singing(JSON.stringify({ ...CONTENT, ...facts }));

describe('probeLevel', () => {
  it.each(['kernel', 'permission-model', 'process'] as const)('finds the level %s where its canary is content', async (level) => {
    const report = await probeLevel(level, ports(saying({})), MACHINE);
    expect(report).toMatchObject({ level, available: true, problems: [] });
    expect(report.dimensions.channel).toBe('enforced');
  });

  it.each<[keyof CanaryFacts, string]>([
    ['writesWorkspace', 'cannot write its own workspace'], ['cannotReadOutside', 'can read files of the host'], ['cannotWriteOutside', 'can write folders of the host'], ['cannotWriteLibrary', 'can write the library'],
    ['cannotWriteKernelSettings', '/proc/sys'], ['hasOwnProcesses', 'sees the processes'], ['hasOwnNetwork', 'network of the host'], ['hasFilter', 'no filter'], ['cannotOpenUnixSocket', 'unix sockets'],
    ['cannotGainRights', 'rights of root'], ['isNotRoot', 'runs as root'], ['hasNoForeignDescriptors', 'open files of the host'],
  ])('does not count the level kernel as there when %s fails', async (fact, words) => {
    const report = await probeLevel('kernel', ports(saying({ [fact]: false })), MACHINE);
    expect(report).toMatchObject({ available: false, problems: [{ what: expect.stringContaining(words), fix: expect.stringContaining('report') }] });
    expect(new Set(Object.values(report.dimensions))).toEqual(new Set(['open']));
  });

  it('does not ask of a level what it does not promise', async () => {
    const { available } = await probeLevel('kernel', ports(saying({ cannotStartPrograms: false })), MACHINE);
    const weaker = await probeLevel('permission-model', ports(saying({ hasOwnNetwork: false, hasFilter: false, isNotRoot: false })), MACHINE);
    const weakest = await probeLevel('process', ports(saying({ cannotReadOutside: false, cannotWriteOutside: false })), MACHINE);
    expect([available, weaker.available, weakest.available]).toEqual([true, true, true]);
  });

  it('names every promise that is broken', async () => {
    const { problems } = await probeLevel('permission-model', ports(saying({ cannotReadOutside: false, cannotStartPrograms: false })), MACHINE);
    expect(problems).toHaveLength(2);
  });

  it('passes on what bubblewrap said when no canary came back', async () => {
    const { available, problems } = await probeLevel('kernel', ports(singing('bwrap: No permissions to create new namespace', 'stderr')), MACHINE);
    expect([available, problems]).toMatchObject([false, [{ what: expect.stringContaining('No permissions to create new namespace'), fix: expect.stringContaining('apparmor') }]]);
  });

  it.each(['', 'nonsense', '{}', '[]', 'null', '{"writesWorkspace":true}', JSON.stringify({ ...CONTENT, extra: true })])('takes %j for no song', async (text) => {
    expect((await probeLevel('process', ports(singing(text)), MACHINE)).available).toBe(false);
  });

  it('explains that a process could not be started', async () => {
    const broken: ProcessSpawner = (_command, _args, options) => spawn('/nonexistent/program', [], { stdio: options.stdio ?? 'pipe' });
    const { available, problems } = await probeLevel('process', ports(broken), MACHINE);
    expect([available, problems]).toMatchObject([false, [{ what: expect.stringContaining('ENOENT') }]]);
  });

  it('explains that it was not let to try', async () => {
    const { problems } = await probeLevel('process', ports(() => { throw new Error('no more processes'); }), MACHINE);
    expect(problems).toMatchObject([{ what: expect.stringContaining('no more processes') }]);
  });

  it('starts nothing where a part is missing', async () => {
    const start = saying({});
    const { problems } = await probeLevel('kernel', ports(start), { ...MACHINE, bubblewrap: undefined });
    expect([start.calls, problems]).toMatchObject([[], [{ what: expect.stringContaining('not installed'), fix: expect.stringContaining('apt-get install bubblewrap') }]]);
  });

  it('leaves nothing behind', async () => {
    const root = temporaryDirectory();
    await probeLevel('process', ports(saying({}), root), MACHINE);
    await probeLevel('process', ports(singing('nonsense'), root), MACHINE);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('probeLevels', () => {
  it('stops at the strongest that works', async () => {
    const reports = await probeLevels([], true, ports(saying({})));
    expect(reports.filter(({ available }) => available)).toHaveLength(1);
  });

  it('probes nothing that nobody asks for', async () => {
    const start = saying({});
    expect([await probeLevels([], false, ports(start)), start.calls]).toEqual([[], []]);
  });

  it('probes what is asked for in so many words', async () => {
    const reports = await probeLevels(['permission-model'], false, ports(saying({})));
    expect(reports).toMatchObject([{ level: 'permission-model', available: true }]);
  });

  it('does not ask again what worked', async () => {
    const start = saying({});
    const asked = ports(start);
    for (let time = 0; time < 3; time++) await probeLevels(['permission-model'], false, asked);
    expect(start.calls).toHaveLength(1);
  });

  it('asks again what did not work: it may have been put right', async () => {
    const start = singing('nonsense');
    const asked = ports(start);
    for (let time = 0; time < 2; time++) await probeLevels(['permission-model'], false, asked);
    expect(start.calls).toHaveLength(2);
  });
});
