import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Artifacts } from '../../src/lib/task-system/core/Artifacts.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';
import { DEFAULTS } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeRecord } from './makers.ts';
import { recordingLogger, temporaryDirectory } from './support.ts';

const signal = new AbortController().signal;

/** Artifacts of a system whose store holds the given tasks. */
function open(tasks: readonly TaskRecord[] = [makeRecord()]) {
  const root = temporaryDirectory();
  const workspace = temporaryDirectory();
  const known = new Map(tasks.map((task) => [task.id, task]));
  const drafts: EventDraft[] = [];
  const make = (): Artifacts => new Artifacts({ root, limitsOf: ({ type }) => (type === 'research' ? { ...DEFAULTS.limits, artifacts: 3, artifactsMb: 1 } : undefined), find: (id) => Promise.resolve(known.get(id)), logger: recordingLogger() });
  return {
    root, workspace, known, drafts, make, artifacts: make(),
    record: (recorded: readonly EventDraft[]) => { drafts.push(...recorded); return Promise.resolve(true); },
    folders: () => (existsSync(join(root, 'artifacts')) ? readdirSync(join(root, 'artifacts')) : []),
  };
}

const task = makeRecord();
const completed = makeRecord({ state: 'completed' });

/** Keeps a file in an attempt of a task. */
async function keepOne({ artifacts, workspace, record }: ReturnType<typeof open>, of: TaskRecord, name: string, content: string): Promise<void> {
  writeFileSync(join(workspace, name), content);
  await artifacts.keep({ task: of, workspace, signal }, { path: name });
  await artifacts.take(of, workspace, record);
}

describe('Artifacts.keep', () => {
  it('answers with path and size', async () => {
    const { artifacts, workspace } = open();
    writeFileSync(join(workspace, 'a'), 'hello');
    expect(await artifacts.keep({ task, workspace, signal }, { path: 'a' })).toEqual({ path: 'a', bytes: 5 });
  });

  it.each([[null], ['a'], [{}], [{ path: 1 }], [{ path: ['a'] }]])('refuses %j', async (params) => {
    const { artifacts, workspace } = open();
    await expect(artifacts.keep({ task, workspace, signal }, params)).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
  });

  it('refuses an attempt that is being stopped', async () => {
    const { artifacts, workspace } = open();
    writeFileSync(join(workspace, 'a'), '');
    await expect(artifacts.keep({ task, workspace, signal: AbortSignal.abort() }, { path: 'a' })).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED', message: expect.stringContaining('too late') });
  });

  it('refuses what is still being looked at when the attempt ends', async () => {
    const { artifacts, workspace, record } = open();
    writeFileSync(join(workspace, 'a'), '');
    const keeping = artifacts.keep({ task, workspace, signal }, { path: 'a' });
    await artifacts.take(task, workspace, record);
    await expect(keeping).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED', message: expect.stringContaining('too late') });
  });

  it('keeps nothing of a task whose type is gone', async () => {
    const { artifacts, workspace } = open();
    writeFileSync(join(workspace, 'a'), '');
    await expect(artifacts.keep({ task: makeRecord({ type: 'removed' }), workspace, signal }, { path: 'a' })).rejects.toMatchObject({ code: 'ARTIFACT_LIMIT' });
  });

  it('holds each attempt to the limits of its type', async () => {
    const { artifacts, workspace } = open();
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(workspace, name), '');
    for (const path of ['a', 'b', 'c']) await artifacts.keep({ task, workspace, signal }, { path });
    await expect(artifacts.keep({ task, workspace, signal }, { path: 'd' })).rejects.toMatchObject({ code: 'ARTIFACT_LIMIT' });
    await artifacts.keep({ task: makeRecord({ fence: 8 }), workspace, signal }, { path: 'd' });
  });
});

describe('Artifacts.list', () => {
  it('shows what was kept, once the attempt is settled', async () => {
    const system = open();
    mkdirSync(join(system.workspace, 'sub'));
    await keepOne(system, task, 'sub/b.txt', 'world');
    expect(await system.artifacts.list('task-1')).toEqual([]);
    await system.artifacts.settle(task, completed);
    const [artifact, ...rest] = await system.artifacts.list('task-1');
    expect(rest).toEqual([]);
    expect(artifact).toMatchObject({ path: 'sub/b.txt', bytes: 5, file: join(system.root, 'artifacts/task-1/sub/b.txt') });
    expect(artifact === undefined ? '' : await text(artifact.stream())).toBe('world');
  });

  it('goes by path', async () => {
    const system = open();
    for (const name of ['b', 'c', 'a']) {
      writeFileSync(join(system.workspace, name), '');
      await system.artifacts.keep({ task, workspace: system.workspace, signal }, { path: name });
    }
    await system.artifacts.take(task, system.workspace, system.record);
    await system.artifacts.settle(task, completed);
    expect((await system.artifacts.list('task-1')).map(({ path }) => path)).toEqual(['a', 'b', 'c']);
  });

  it('is empty for a task that kept nothing', async () => {
    expect(await open().artifacts.list('task-1')).toEqual([]);
  });

  it.each(['nobody', '../workspaces', '..', ''])('refuses the id %j, which is not that of a task', async (id) => {
    await expect(open().artifacts.list(id)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('goes on when the workspace is gone', async () => {
    const system = open();
    await keepOne(system, task, 'a', 'kept');
    await system.artifacts.settle(task, completed);
    rmSync(system.workspace, { recursive: true });
    const [artifact] = await system.artifacts.list('task-1');
    expect(artifact === undefined ? '' : await text(artifact.stream())).toBe('kept');
  });
});

describe('Artifacts.take', () => {
  it('warns of a file that was changed after it was kept, and takes the others', async () => {
    const { artifacts, workspace, record, drafts } = open();
    for (const path of ['a', 'b']) {
      writeFileSync(join(workspace, path), '');
      await artifacts.keep({ task, workspace, signal }, { path });
    }
    appendFileSync(join(workspace, 'a'), 'late');
    await artifacts.take(task, workspace, record);
    await artifacts.settle(task, completed);
    expect((await artifacts.list('task-1')).map(({ path }) => path)).toEqual(['b']);
    expect(drafts).toMatchObject([{ type: 'task:warning', data: { code: 'ARTIFACT_CHANGED', message: expect.stringContaining('"a"') } }]);
  });

  it('does not reject when nobody can be told', async () => {
    const { artifacts, workspace } = open();
    writeFileSync(join(workspace, 'a'), '');
    await artifacts.keep({ task, workspace, signal }, { path: 'a' });
    rmSync(join(workspace, 'a'));
    await artifacts.take(task, workspace, () => Promise.reject(new Error('closed')));
  });

  it('makes nothing for an attempt that kept nothing', async () => {
    const { artifacts, workspace, record, folders } = open();
    await artifacts.take(task, workspace, record);
    await artifacts.settle(task, completed);
    expect(folders()).toEqual([]);
  });
});

describe('Artifacts.settle', () => {
  it.each(['queued', 'running'] as const)('shows nothing of an attempt after which the task is %s', async (state) => {
    const system = open();
    await keepOne(system, task, 'a', '');
    await system.artifacts.settle(task, makeRecord({ state }));
    expect(system.folders()).toEqual([]);
  });

  it('shows nothing of an attempt that lost its task', async () => {
    const system = open();
    await keepOne(system, task, 'a', '');
    await system.artifacts.settle(task, undefined);
    expect(system.folders()).toEqual([]);
  });

  it.each(['completed', 'failed', 'cancelled'] as const)('shows what was kept of a task that is %s', async (state) => {
    const system = open();
    await keepOne(system, task, 'a', '');
    await system.artifacts.settle(task, makeRecord({ state }));
    expect(await system.artifacts.list('task-1')).toHaveLength(1);
  });

  it('keeps the files of the attempt that waited for children, and puts those of the one after it beside them', async () => {
    const system = open();
    await keepOne(system, task, 'before', '1');
    await keepOne(system, makeRecord({ fence: 8 }), 'both', 'new');
    await system.artifacts.settle(task, makeRecord({ state: 'waiting' }));
    await system.artifacts.settle(makeRecord({ fence: 8 }), makeRecord({ fence: 8, state: 'completed' }));
    expect((await system.artifacts.list('task-1')).map(({ path }) => path)).toEqual(['before', 'both']);
    expect(system.folders()).toEqual(['task-1']);
  });
});

describe('Artifacts.open', () => {
  it('shows what a host took that died right after it had settled the attempt', async () => {
    const system = open([completed]);
    await keepOne(system, task, 'a', 'kept');
    const next = system.make();
    await next.open();
    expect((await next.list('task-1')).map(({ path }) => path)).toEqual(['a']);
    expect(system.folders()).toEqual(['task-1']);
  });

  it.each([
    ['that goes on', makeRecord({ state: 'running' })], ['that is queued again', makeRecord({ state: 'queued' })],
    ['whose attempt was another one', makeRecord({ state: 'completed', fence: 9 })], ['that is gone', makeRecord({ id: 'another' })],
  ])('removes what was taken of a task %s', async (_what, stored) => {
    const system = open([stored]);
    await keepOne(system, task, 'a', '');
    await system.make().open();
    expect(system.folders()).toEqual([]);
  });

  it('leaves the artifacts of ended tasks alone', async () => {
    const system = open([completed]);
    await keepOne(system, task, 'a', '');
    await system.artifacts.settle(task, completed);
    await system.make().open();
    expect(system.folders()).toEqual(['task-1']);
  });
});

describe('Artifacts.sweep', () => {
  it('removes the files of tasks that are gone, and of no others', async () => {
    const system = open([completed, makeRecord({ id: 'task-2', state: 'completed' })]);
    for (const id of ['task-1', 'task-2']) {
      await keepOne(system, makeRecord({ id }), 'a', '');
      await system.artifacts.settle(makeRecord({ id }), makeRecord({ id, state: 'completed' }));
    }
    system.known.delete('task-1');
    await system.artifacts.sweep();
    expect(system.folders()).toEqual(['task-2']);
  });

  it('leaves alone what is not settled yet', async () => {
    const system = open();
    await keepOne(system, task, 'a', '');
    system.known.clear();
    await system.artifacts.sweep();
    expect(system.folders()).toEqual(['task-1.7']);
  });

  it('gets through more tasks than it looks at in one round', async () => {
    const system = open([]);
    for (let index = 0; index < 1_005; index++) mkdirSync(join(system.root, 'artifacts', `task-${String(index).padStart(4, '0')}`), { recursive: true });
    system.known.set('task-0500', completed);
    await system.artifacts.sweep();
    expect(system.folders()).toHaveLength(6);
    await system.artifacts.sweep();
    expect(system.folders()).toEqual(['task-0500']);
  });
});
