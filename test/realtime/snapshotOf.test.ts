import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../src/lib/task-system/realtime/server/snapshotOf.ts';
import type { ListOptions } from '../../src/lib/task-system/types/Options.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';

const TASKS: readonly Task[] = [
  taskOf('1', { state: 'queued', input: 'large' }), taskOf('2', { state: 'running' }), taskOf('3', { state: 'waiting', project: 'bolt' }),
  taskOf('4', { state: 'completed', result: 'large' }), taskOf('5', { state: 'failed' }),
];
const asked: ListOptions[] = [];
const control = controlOf({
  get: (id) => Promise.resolve(TASKS.find((task) => task.id === id)),
  list: (options = {}) => {
    asked.push(options);
    return Promise.resolve({ tasks: TASKS.filter(({ project, state }) => (options.project === undefined || options.project === project) && state === options.state) });
  },
});

async function idsOf(...topics: readonly string[]): Promise<readonly string[]> {
  return (await snapshotOf(topics, control)).map(({ id }) => id);
}

describe('snapshotOf', () => {
  it('gives of all tasks, or of a project, those that have not ended, newest first', async () => {
    expect(await idsOf('tasks')).toEqual(['3', '2', '1']);
    expect(await idsOf('project:acme')).toEqual(['2', '1']);
    expect(await idsOf('project:none')).toEqual([]);
  });

  it('gives a task, or the root of a tree, whatever its state', async () => {
    expect(await idsOf('task:4')).toEqual(['4']);
    expect(await idsOf('tree:5', 'task:none')).toEqual(['5']);
  });

  it('gives each task once', async () => {
    expect(await idsOf('tasks', 'project:acme', 'task:1', 'tree:1')).toEqual(['3', '2', '1']);
  });

  it('leaves out what may be large, and asks for bounded pages', async () => {
    const [summary = {}] = await snapshotOf(['task:4'], control);
    expect(Object.keys(summary)).not.toContain('result');
    expect(Object.keys(summary)).not.toContain('input');
    expect(asked.every(({ limit = Infinity }) => limit <= 1_000)).toBe(true);
  });
});
