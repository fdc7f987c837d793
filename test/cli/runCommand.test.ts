import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/lib/task-system/cli/runCommand.ts';
import type { IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import { temporaryDirectory } from '../support/files.ts';
import { reportWith } from './reports.ts';

interface Ran {
  readonly code: number;
  readonly printed: string;
  readonly complained: string;
  /** The directories that a doctor was sent to. */
  readonly roots: readonly string[];
  /** What they were told of a control group. */
  readonly cgroups: readonly (string | undefined)[];
}

/** Runs a command on a machine where the given levels work. */
async function run(args: readonly string[], working: readonly IsolationLevel[] = ['kernel', 'permission-model', 'process']): Promise<Ran> {
  const texts = { printed: '', complained: '' };
  const roots: string[] = [];
  const cgroups: (string | undefined)[] = [];
  const code = await runCommand(args, {
    print: (text) => { texts.printed += text; },
    complain: (text) => { texts.complained += text; },
    examine: (root, cgroup) => {
      roots.push(root);
      cgroups.push(cgroup);
      if (!existsSync(root)) return Promise.reject(new Error('no such directory'));
      return Promise.resolve(reportWith(working));
    },
  });
  return { code, ...texts, roots, cgroups };
}

describe('task-system doctor', () => {
  it('prints the page and ends with 0 where the kernel level works', async () => {
    const { code, printed, complained } = await run(['doctor']);
    expect([code, complained]).toEqual([0, '']);
    expect(printed).toContain('Strongest level that works here: kernel');
  });

  it('ends with 1 where it does not', async () => {
    expect((await run(['doctor'], ['permission-model', 'process'])).code).toBe(1);
  });

  it.each<[IsolationLevel, readonly IsolationLevel[], number]>([
    ['permission-model', ['permission-model', 'process'], 0], ['permission-model', ['kernel'], 0], ['permission-model', ['process'], 1],
    ['process', ['process'], 0], ['process', [], 1], ['kernel', ['kernel'], 0],
  ])('with --require %s, where %j works, ends with %i', async (level, working, code) => {
    expect((await run(['doctor', '--require', level], working)).code).toBe(code);
  });

  it('prints the report as JSON with --json, and nothing else', async () => {
    const { code, printed } = await run(['doctor', '--json'], ['process']);
    expect(code).toBe(1);
    expect(JSON.parse(printed)).toEqual(reportWith(['process']));
  });

  it('tries the control group that --cgroup names, and none otherwise', async () => {
    expect((await run(['doctor', '--cgroup', '/sys/fs/cgroup/app'])).cgroups).toEqual(['/sys/fs/cgroup/app']);
    expect((await run(['doctor'])).cgroups).toEqual([undefined]);
  });

  it('lets the canaries sing where --root says', async () => {
    const root = temporaryDirectory();
    expect((await run(['doctor', '--root', root])).roots).toEqual([root]);
  });

  it('refuses a root that is not there', async () => {
    expect(await run(['doctor', '--root', '/nowhere/at/all'])).toMatchObject({ code: 2, roots: [], complained: expect.stringContaining('there is no directory "/nowhere/at/all"') });
  });

  it('leaves nothing behind of the directory that it takes without --root', async () => {
    const { roots } = await run(['doctor']);
    expect(roots).toHaveLength(1);
    expect(roots.filter(existsSync)).toEqual([]);
  });
});

describe('task-system', () => {
  it.each([['help'], ['--help'], ['-h'], ['doctor', '--help']])('explains itself with %s %s', async (...args) => {
    const { code, printed, roots } = await run(args.filter(Boolean));
    expect([code, roots]).toEqual([0, []]);
    expect(printed).toContain('Usage: task-system doctor');
    expect(printed).toContain('Exit code: 0');
  });

  it.each([
    [[], 'no command was given'], [['docter'], 'there is no command "docter"'], [['doctor', 'now'], 'there is no command "doctor now"'],
    [['doctor', '--require', 'docker'], 'there is no level "docker"'], [['doctor', '--jsno'], '--jsno'], [['doctor', '--require'], '--require'],
  ])('does not guess what %j means', async (args, complaint) => {
    const { code, printed, complained, roots } = await run(args);
    expect([code, printed, roots]).toEqual([2, '', []]);
    expect(complained).toContain(complaint);
    expect(complained).toContain('Usage:');
  });
});
