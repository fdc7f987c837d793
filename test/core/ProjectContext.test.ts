import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryManager } from '../../src/lib/task-system/context/MemoryManager.ts';
import { ProjectContext } from '../../src/lib/task-system/core/ProjectContext.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';
import type { TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { Settlement, TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { temporaryDirectory } from '../support/files.ts';
import { makeLogger, makeRecord } from './makers.ts';

function setUp(type: Partial<TaskTypeOptions> = {}) {
  const dir = temporaryDirectory();
  const options = parseTaskSystemOptions({ root: '/nowhere', tasks: { research: { module: new URL('file:///research.js'), ...type } }, projects: { acme: { dir } } });
  const drafts: EventDraft[] = [];
  const open = (): ProjectContext => new ProjectContext({ options, memory: new MemoryManager(), findType: (task) => options.types.get(task.type), program: '', logger: makeLogger() });
  return {
    open, drafts,
    finish: (context: ProjectContext, task: TaskRecord, to: Settlement['to'] = 'completed') => context.finish(task, settlement(task, to), undefined, (own) => { drafts.push(...own); return Promise.resolve(true); }),
    memory: () => (existsSync(join(dir, 'MEMORY.md')) ? readFileSync(join(dir, 'MEMORY.md'), 'utf8') : ''),
  };
}

function settlement({ id: taskId, fence }: TaskRecord, to: Settlement['to']): Settlement {
  return { taskId, fence, to, time: 3_000, resultJson: '1', event: { type: 'task:complete', data: { durationMs: 1, resultBytes: 1 } } };
}

const task = makeRecord();

describe('ProjectContext.keep', () => {
  it('hands over what was noted, for another host to write', async () => {
    const { open, finish, drafts, memory } = setUp();
    const first = open();
    await first.remember({ task }, { text: 'Bees dance.', files: ['a.md'] });
    const notesJson = first.keep(task);
    expect(notesJson).toBe('[{"text":"Bees dance.","files":["a.md"]}]');
    expect(memory()).toBe('');
    await finish(open(), { ...task, state: 'completed', ...(notesJson === undefined ? {} : { notesJson }) });
    expect(memory()).toContain('Bees dance.');
    expect(drafts.map(({ type }) => type)).toEqual(['task:memory']);
  });

  it('hands over the plain line as well, which has no notes', () => {
    expect(setUp().open().keep(task)).toBe('[]');
  });

  it.each([['read'], ['none']] as const)('has nothing of a type whose right to the memory is "%s"', (memory) => {
    expect(setUp({ memory }).open().keep(task)).toBeUndefined();
  });

  it('has nothing of a project without a directory', () => {
    expect(setUp().open().keep({ ...task, project: 'other' })).toBeUndefined();
  });

  it('puts what a join notes behind what was noted before it', async () => {
    const { open, finish, memory } = setUp();
    const context = open();
    const joining = { ...task, notesJson: '[{"text":"first","files":[]}]' };
    await context.remember({ task }, { text: 'second' });
    await finish(context, joining);
    expect(memory().indexOf('first')).toBeGreaterThan(0);
    expect(memory().indexOf('second')).toBeGreaterThan(memory().indexOf('first'));
  });

  it('forgets what an attempt noted that is tried again, and keeps what came before it', async () => {
    const { open, finish, memory } = setUp();
    const context = open();
    const joining = { ...task, notesJson: '[{"text":"first","files":[]}]' };
    await context.remember({ task }, { text: 'second' });
    await finish(context, joining, 'queued');
    expect(memory()).toBe('');
    await finish(context, joining);
    expect(memory()).toContain('first');
    expect(memory()).not.toContain('second');
  });

  it('writes nothing of a task that failed after all', async () => {
    const { open, finish, memory } = setUp();
    await finish(open(), { ...task, notesJson: '[{"text":"first","files":[]}]' }, 'failed');
    expect(memory()).toBe('');
  });

  it('writes once what two hosts write', async () => {
    const { open, finish, drafts, memory } = setUp();
    const ended = { ...task, notesJson: '[{"text":"once","files":[]}]' };
    await finish(open(), ended);
    await finish(open(), ended);
    expect(memory().split('once')).toHaveLength(2);
    expect(drafts).toHaveLength(1);
  });

  it.each(['{}', '[1,{"text":1},null]', 'null'])('takes nothing from notes that are none: %s', async (notesJson) => {
    const { open, finish, memory } = setUp();
    await finish(open(), { ...task, notesJson });
    expect(memory()).toContain('recorded');
  });
});
