import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { becomeOwner, type Person } from '../../../src/lib/task-system/core/child/becomeOwner.ts';

const PROGRAM = fileURLToPath(new URL('programs/becomes.ts', import.meta.url));

/** Somebody who is root, and what he did. */
function somebody(owner: string | undefined, changes: Partial<Person> = {}) {
  const done: string[] = [];
  const now = { uid: 0, gid: 0, groups: [0, 4] };
  const env: NodeJS.ProcessEnv = { OTHER: 'stays', ...owner === undefined ? {} : { TASK_SYSTEM_OWNER: owner } };
  const person: Person = {
    env,
    getuid: () => now.uid, geteuid: () => now.uid, getgid: () => now.gid, getegid: () => now.gid, getgroups: () => [...now.groups, now.gid],
    setgroups: (groups) => { done.push('groups'); now.groups = groups.map(Number); },
    setgid: (id) => { done.push(`gid ${id}`); now.gid = Number(id); },
    setuid: (id) => {
      if (now.uid !== 0) throw new Error('EPERM');
      done.push(`uid ${id}`);
      now.uid = Number(id);
    },
    ...changes,
  };
  return { person, done, env };
}

const unavailable: unknown = expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' });

describe('becomeOwner', () => {
  it('does nothing without an order', () => {
    const { person, done, env } = somebody(undefined);
    becomeOwner(person);
    expect([done, env]).toEqual([[], { OTHER: 'stays' }]);
  });

  it('gives up its groups first and the right to do so last', () => {
    const { person, done } = somebody('60600');
    becomeOwner(person);
    expect(done).toEqual(['groups', 'gid 60600', 'uid 60600']);
  });

  it('tells nothing of the order to what comes after', () => {
    const { person, env } = somebody('60600');
    becomeOwner(person);
    expect(env).toEqual({ OTHER: 'stays' });
  });

  it('does it once', () => {
    const { person, done } = somebody('60600');
    becomeOwner(person);
    becomeOwner(person);
    expect(done).toHaveLength(3);
  });

  it.each([
    ['its user', { setuid: () => undefined }],
    ['its group', { setgid: () => undefined }],
    ['a group of root', { setgroups: () => undefined }],
    ['its effective user', { geteuid: () => 0 }],
    ['its effective group', { getegid: () => 0 }],
  ])('ends the process where it keeps %s', (_, changes: Partial<Person>) => {
    expect(() => { becomeOwner(somebody('60600', changes).person); }).toThrow(unavailable);
  });

  it('ends the process where it could become root again', () => {
    let uid = 0;
    const changes = { getuid: () => uid, geteuid: () => uid, setuid: (id: number | string) => { if (id !== 0) uid = Number(id); } };
    expect(() => { becomeOwner(somebody('60600', changes).person); }).toThrow(unavailable);
  });

  it.each(['0', '', '-1', 'root', 'NaN'])('ends the process when it is told to become "%s"', (owner) => {
    expect(() => { becomeOwner(somebody(owner).person); }).toThrow();
  });

  it('ends the process where there are no users at all', () => {
    expect(() => { becomeOwner({ env: { TASK_SYSTEM_OWNER: '60600' } }); }).toThrow(unavailable);
  });

  it.runIf(process.getuid?.() === 0)('leaves nothing of root to a real process, in no thread, and no way back', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM], { encoding: 'utf8', env: { TASK_SYSTEM_OWNER: '60600' }, cwd: '/' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      uid: 60_600, gid: 60_600, groups: [60_600], variable: null, capabilities: Array.from({ length: 3 }, () => '0000000000000000'), back: ['EPERM', 'EPERM', 'EPERM', 'EACCES'],
    });
  });

  it.runIf(process.getuid?.() === 0)('ends a real process that may not change its user, before it does anything', () => {
    const program = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM];
    const { stdout, status } = spawnSync('/usr/bin/setpriv', program, { encoding: 'utf8', env: { TASK_SYSTEM_OWNER: '60600' }, cwd: '/' });
    expect([stdout, status === 0]).toEqual(['', false]);
  });
});
