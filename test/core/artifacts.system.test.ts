import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import type { IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import type { JsonObject } from '../../src/lib/task-system/types/Json.ts';
import type { TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { logged, openSystem, recordEvents, testOptions } from './support.ts';

const levels: readonly IsolationLevel[] = await hasKernelLevel() ? ['kernel', 'permission-model', 'process'] : ['permission-model', 'process'];

async function systemAt(level: IsolationLevel, type: Partial<TaskTypeOptions> = {}): Promise<{ readonly system: TaskSystem; readonly root: string }> {
  const options = testOptions({ 'keeps.mjs': { sandbox: { level }, limits: { artifacts: 3, artifactsMb: 1 }, stopGraceMs: 0, ...type } }, { workspaces: { keepFailedMs: 0 } });
  return { system: await openSystem(options), root: options.root };
}

async function keep(system: TaskSystem, input: JsonObject): Promise<{ readonly id: string; readonly outcomes: unknown }> {
  const handle = await system.submit({ type: 'keeps', input });
  return { id: handle.id, outcomes: await handle.result() };
}

describe.each(levels)('artifacts of tasks at the level "%s"', (level) => {
  it('are listed and read when the task and its workspace are gone', async () => {
    const { system, root } = await systemAt(level);
    const { id, outcomes } = await keep(system, { files: [{ path: 'b.txt' }, { path: 'sub/a.txt' }] });
    expect(outcomes).toEqual([{ path: 'b.txt', bytes: 7 }, { path: 'sub/a.txt', bytes: 7 }]);
    const artifacts = await system.artifacts(id);
    expect(artifacts.map(({ path, bytes }) => [path, bytes])).toEqual([['b.txt', 7], ['sub/a.txt', 7]]);
    expect(await Promise.all(artifacts.map((artifact) => text(artifact.stream())))).toEqual(['content', 'content']);
    await system.close();
    expect(readdirSync(join(root, 'workspaces'))).toEqual([]);
    expect(existsSync(artifacts[0]?.file ?? '')).toBe(true);
  });

  it('are plain files only', async () => {
    const { system } = await systemAt(level);
    const makes = ['link', 'linkedFolder', 'hardLink', 'folder', 'fifo', 'device', 'nothing'];
    const { id, outcomes } = await keep(system, { files: makes.map((make) => ({ make, path: `${make}/passwd` })) });
    expect(outcomes).toEqual(makes.map(() => 'ARTIFACT_REFUSED'));
    expect(await system.artifacts(id)).toEqual([]);
  });

  it('are bounded, in number and size', async () => {
    const { system } = await systemAt(level);
    const { outcomes } = await keep(system, { files: [{ path: 'large', make: 'large' }, { path: 'sparse', make: 'sparse' }, { path: 'a' }, { path: 'b' }, { path: 'c' }, { path: 'd' }] });
    expect(outcomes).toEqual(['ARTIFACT_LIMIT', 'ARTIFACT_LIMIT', { path: 'a', bytes: 7 }, { path: 'b', bytes: 7 }, { path: 'c', bytes: 7 }, 'ARTIFACT_LIMIT']);
  });

  // A process that goes on writing can only be started where programs may be.
  it.each(level === 'permission-model' ? ['write'] : ['write', 'keepWriting'])('are not what was written to afterwards (%s): the task is warned', async (then) => {
    const { system } = await systemAt(level);
    const events = recordEvents(system);
    const { id } = await keep(system, { files: [{ path: 'a' }, { path: 'b' }], then });
    expect((await system.artifacts(id)).map(({ path }) => path)).toEqual(['b']);
    expect(events.filter(({ type }) => type === 'task:warning').map(({ data }) => data)).toContainEqual({ code: 'ARTIFACT_CHANGED', message: expect.stringContaining('"a"') });
  });

  it('are those of the attempt that ended the task', async () => {
    const { system, root } = await systemAt(level, { retry: { maxAttempts: 2, baseDelayMs: 0 } });
    const { id } = await keep(system, { files: [{ path: 'attempt' }], perAttempt: true, then: 'failOnce' });
    expect((await system.artifacts(id)).map(({ path }) => path)).toEqual(['attempt2']);
    expect(readdirSync(join(root, 'artifacts'))).toEqual([id]);
  });

  it('are kept of a task that failed', async () => {
    const { system } = await systemAt(level);
    const handle = await system.submit({ type: 'keeps', input: { files: [{ path: 'a' }], then: 'fail' } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED' });
    expect((await system.artifacts(handle.id)).map(({ path }) => path)).toEqual(['a']);
  });

  it('are kept of a task that was cancelled', async () => {
    const { system } = await systemAt(level);
    const handle = await system.submit({ type: 'keeps', input: { files: [{ path: 'a' }], then: 'hang' } });
    await logged(system, handle.id, 'kept');
    expect(await system.artifacts(handle.id)).toEqual([]);
    await handle.cancel();
    expect((await system.artifacts(handle.id)).map(({ path }) => path)).toEqual(['a']);
  });
});

describe('TaskSystem.artifacts', () => {
  it('knows only tasks that there are', async () => {
    const { system } = await systemAt('process');
    await expect(system.artifacts('nobody')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('is refused by a system that is closed', async () => {
    const { system } = await systemAt('process');
    await system.close();
    await expect(system.artifacts('nobody')).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
  });
});
