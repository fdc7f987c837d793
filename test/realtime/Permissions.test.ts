import { describe, expect, it, vi } from 'vitest';
import { nameOf } from '../../src/lib/task-system/realtime/server/Admission.ts';
import { Permissions, type Authorize } from '../../src/lib/task-system/realtime/server/Permissions.ts';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';
import { ManualClock, RecordingLogger } from './helpers.ts';

function permissions(authorize: Authorize | undefined, identity: () => unknown = () => 'anna'): Permissions {
  const control = controlOf({ get: (id) => Promise.resolve(id === 'known' ? taskOf('known') : undefined) });
  return new Permissions({ authorize, control, clock: new ManualClock(), logger: new RecordingLogger() }, identity);
}

describe('Permissions without authorize', () => {
  it('lets everybody watch, now and the past', async () => {
    const open = permissions(undefined);
    expect([open.areOpen, await open.may('subscribe', 'tasks'), await open.may('replay', 'task:x')]).toEqual([true, true, true]);
  });

  it('lets nobody command', async () => {
    expect(await permissions(undefined).may('cancel', 'task:x')).toBe(false);
  });
});

describe('Permissions.may', () => {
  const subjectOf = async (topic: 'tasks' | `project:${string}` | `task:${string}` | `tree:${string}`): Promise<unknown> => {
    let seen: unknown;
    await permissions((_identity, _action, _topic, subject) => { seen = subject; return true; }).may('subscribe', topic);
    return seen;
  };

  it('knows nothing of the topic of all tasks', async () => {
    expect(await subjectOf('tasks')).toEqual({});
  });

  it('knows the project of a topic, also where its name has a colon', async () => {
    expect(await subjectOf('project:a:b')).toEqual({ project: 'a:b' });
  });

  it('knows project and type of a task and of the root of a tree', async () => {
    expect([await subjectOf('task:known'), await subjectOf('tree:known')]).toEqual([{ project: 'acme', taskType: 'research' }, { project: 'acme', taskType: 'research' }]);
  });

  it('knows nothing of a task that there is not', async () => {
    expect(await subjectOf('task:other')).toEqual({});
  });

  it('takes what is known already, and reads no task for it', async () => {
    let seen: unknown;
    await permissions((_identity, _action, _topic, subject) => { seen = subject; return true; }).may('submit', 'task:known', { project: 'p' });
    expect(seen).toEqual({ project: 'p' });
  });

  it('takes nothing but true for a yes', async () => {
    const answers: readonly unknown[] = [1, 'yes', {}, undefined];
    for (const answer of answers) {
      expect(await permissions(vi.fn().mockReturnValue(answer)).may('subscribe', 'tasks')).toBe(false);
    }
  });

  it('asks with what is known of the client at that moment', async () => {
    let identity = 'before';
    const seen: unknown[] = [];
    const mine = permissions((who) => { seen.push(who); return true; }, () => identity);
    await mine.may('subscribe', 'tasks');
    identity = 'after';
    await mine.may('subscribe', 'tasks');
    expect(seen).toEqual(['before', 'after']);
  });
});

describe('nameOf', () => {
  it('is the name that was given', () => {
    expect(nameOf({ identity: { id: 7 }, name: 'anna' })).toBe('anna');
  });

  it('is the identity where that is a text', () => {
    expect(nameOf({ identity: 'bob' })).toBe('bob');
  });

  it('says only that it is a client where nothing is known', () => {
    expect([nameOf(undefined), nameOf({ identity: { id: 7 } }), nameOf({ identity: '' })]).toEqual(Array.from({ length: 3 }, () => 'a client of the live feed'));
  });

  it('is cut after 256 characters, and can be stored', () => {
    const name = nameOf({ identity: 1, name: `${'x'.repeat(255)}🐝` });
    expect([name.length, name.isWellFormed()]).toEqual([256, true]);
  });

  it('has no NUL in it', () => {
    expect(nameOf({ identity: 1, name: 'a\0b' })).toBe('ab');
  });
});
