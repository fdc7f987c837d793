import type { Approval } from '../../src/lib/task-system/types/Approvals.ts';
import type { TaskControl } from '../../src/lib/task-system/types/TaskControl.ts';
import { taskOf } from '../hooks/helpers.ts';

/** A system that has no tasks, except for what a test puts in. */
export function controlOf(methods: Partial<TaskControl> = {}): TaskControl {
  return {
    submit: () => Promise.resolve({ id: 'new-task' }),
    get: () => Promise.resolve(undefined),
    list: () => Promise.resolve({ tasks: [] }),
    snapshot: () => Promise.resolve({ tasks: [], offset: 0 }),
    cancel: () => Promise.resolve(true),
    retry: () => Promise.resolve({ id: 'new-task' }),
    approve: (id) => Promise.resolve(approvalOf(id)),
    deny: (id) => Promise.resolve(approvalOf(id)),
    approvals: () => Promise.resolve([]),
    ...methods,
  };
}

/** Tasks by their project: `a-1` and `a-2` of `acme`, `b-1` of `bolt`. */
export const TASKS = [taskOf('a-1'), taskOf('a-2'), { ...taskOf('b-1'), project: 'bolt' }].map((task) => ({ ...task, project: task.id.startsWith('a') ? 'acme' : 'bolt' }));

/** A system with {@link TASKS}; `calls` gets what was carried out. */
export function projectsControl(calls: string[] = []): TaskControl {
  const find = (id: string) => Promise.resolve(TASKS.find((task) => task.id === id));
  return controlOf({
    get: find,
    list: ({ project } = {}) => Promise.resolve({ tasks: TASKS.filter((task) => project === undefined || task.project === project) }),
    snapshot: ({ projects, taskIds }) => Promise.resolve({ tasks: TASKS.filter(({ id, project }) => projects.includes(project) || taskIds.includes(id)), offset: 0 }),
    submit: ({ project = 'default' }) => { calls.push(`submit ${project}`); return Promise.resolve({ id: 'new-task' }); },
    cancel: (id) => { calls.push(`cancel ${id}`); return Promise.resolve(true); },
    retry: (id) => { calls.push(`retry ${id}`); return Promise.resolve({ id: 'new-task' }); },
    approve: (id, { by }) => { calls.push(`approve ${id} by ${String(by)}`); return Promise.resolve(approvalOf(id)); },
    deny: (id, { by }) => { calls.push(`deny ${id} by ${String(by)}`); return Promise.resolve(approvalOf(id)); },
    approvals: ({ project } = {}) => Promise.resolve([approvalOf('a-1.1'), { ...approvalOf('b-1.1'), project: 'bolt' }].filter((one) => project === undefined || one.project === project)),
  });
}

/** An approval of a task of `acme` that waits. */
export function approvalOf(id: string): Approval {
  return {
    id, taskId: id.replace(/\.\d+$/, ''), project: 'acme', taskType: 'research', attempt: 1, tool: 'shell.run', input: { command: ['ls'] }, rule: 'tasks.research.policy.ask[0]',
    reason: 'asked for by the rule shell.*', state: 'open', createdAt: 1_000, deadline: 601_000,
  };
}
