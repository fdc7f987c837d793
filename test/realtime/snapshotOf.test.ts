import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../src/lib/task-system/realtime/server/snapshotOf.ts';
import type { SnapshotFilter } from '../../src/lib/task-system/types/Snapshots.ts';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';

async function askedFor(...topics: readonly string[]): Promise<SnapshotFilter | undefined> {
  let asked: SnapshotFilter | undefined;
  await snapshotOf(topics, controlOf({ snapshot: (filter) => { asked = filter; return Promise.resolve({ tasks: [], offset: 0 }); } }));
  return asked;
}

describe('snapshotOf', () => {
  it('asks for what the topics are about, in one question', async () => {
    expect(await askedFor('tasks', 'project:acme', 'project:bolt', 'task:1', 'tree:2')).toEqual({ everything: true, projects: ['acme', 'bolt'], taskIds: ['1'], rootIds: ['2'], limit: 1_000 });
  });

  it('asks for nothing that no topic is about', async () => {
    expect(await askedFor('task:1')).toEqual({ everything: false, projects: [], taskIds: ['1'], rootIds: [], limit: 1_000 });
  });

  it('takes a name as it is, whatever stands in it', async () => {
    expect(await askedFor('task:tasks', 'project:task:1', 'tree:a:b')).toMatchObject({ everything: false, projects: ['task:1'], taskIds: ['tasks'], rootIds: ['a:b'] });
  });

  it('leaves out inputs and results, and keeps order and offset', async () => {
    const control = controlOf({ snapshot: () => Promise.resolve({ tasks: [taskOf('2', { input: 'large', result: 'large' }), taskOf('1')], offset: 7 }) });
    const { tasks, offset } = await snapshotOf(['tasks'], control);
    expect([tasks.map(({ id }) => id), offset]).toEqual([['2', '1'], 7]);
    expect(Object.keys(tasks[0] ?? {})).not.toContain('result');
    expect(Object.keys(tasks[0] ?? {})).not.toContain('input');
  });
});
