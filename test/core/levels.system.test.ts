import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createTaskSystem, type TaskSystem } from '../../src/lib/task-system/index.ts';
import { ISOLATION_DIMENSIONS, ISOLATION_LEVELS } from '../../src/lib/task-system/types/Isolation.ts';
import type { TaskSystemOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { ProcessSpawner } from '../../src/lib/task-system/types/Ports.ts';
import { rejectionOf } from '../support/thrown.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { CHILD_ENTRY, handler, openSystem, recordEvents, recordingLogger, testOptions } from './support.ts';

const hasKernel = await hasKernelLevel();

/** A machine on which no sandbox of the kernel can be made, as where the kernel forbids it. */
const withoutBubblewrap: ProcessSpawner = (command, args, options) => spawn([command, ...args].some((word) => word.endsWith('bwrap')) ? '/nonexistent/bwrap' : command, args, options);

function optionsOf(type: Partial<TaskTypeOptions>, rest: Partial<TaskSystemOptions> = {}): TaskSystemOptions {
  return { ...testOptions({}, rest), tasks: { guarded: { module: handler('echo.mjs'), ...type } } };
}

const openWithout = (options: TaskSystemOptions): Promise<TaskSystem> => openSystem(options, { spawn: withoutBubblewrap });

describe('the isolation of a task', () => {
  it.each(ISOLATION_LEVELS.filter((level) => level !== 'kernel' || hasKernel))('says of every dimension what protects it (level "%s")', async (level) => {
    const system = await openSystem(optionsOf({ sandbox: { level } }));
    const handle = await system.submit({ type: 'guarded' });
    await handle.result();
    const { isolation } = await system.get(handle.id) ?? {};
    expect(isolation?.level).toBe(level);
    expect(Object.keys(isolation?.dimensions ?? {}).sort()).toEqual([...ISOLATION_DIMENSIONS].sort());
  });

  it('stays with the task when its system is opened again', async () => {
    const options = optionsOf({ sandbox: { level: 'process' } });
    const first = await openSystem(options);
    const { id } = await first.submit({ type: 'guarded' });
    await first.handle(id).result();
    const before = (await first.get(id))?.isolation;
    await first.close();
    expect((await (await openSystem(options)).get(id))?.isolation).toEqual(before);
  });
});

describe('a machine without sandboxes of the kernel', () => {
  it('runs tasks at the next level, and warns of it: in the log once, and with each task', async () => {
    const logger = recordingLogger();
    const system = await openWithout(optionsOf({}, { logger }));
    expect(logger.lines.filter(({ level, message }) => level === 'warn' && message === 'isolation of tasks: permission-model')).toHaveLength(1);
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'guarded', input: 1 });
    await expect(handle.result()).resolves.toBe(1);
    expect(events.filter(({ type }) => type === 'task:warning')).toMatchObject([{ taskId: handle.id, data: { message: expect.stringContaining('permission-model') } }]);
    expect((await system.get(handle.id))?.isolation?.level).toBe('permission-model');
  });

  it('opens no system that requires more: the error names what is missing and how to get it', async () => {
    const options = optionsOf({}, { sandbox: { require: 'kernel' } });
    const error = await rejectionOf(createTaskSystem(options, { childEntry: CHILD_ENTRY, spawn: withoutBubblewrap }));
    expect(error.code).toBe('SANDBOX_UNAVAILABLE');
    expect(error.message).toMatch(/bubblewrap|sandbox\.require/);
    // Nor does it keep the root to itself.
    await openSystem(optionsOf({}, { root: options.root, sandbox: { level: 'process' } }));
  });

  it.each<[string, Partial<TaskTypeOptions>]>([
    ['is untrusted', { untrusted: true }], ['may use shell.run', { policy: { allow: ['shell.run'] } }], ['requires it', { sandbox: { require: 'kernel' } }], ['is set to it', { sandbox: { level: 'kernel' } }],
  ])('runs no task whose type %s, and says why', async (_what, type) => {
    const system = await openWithout(optionsOf(type));
    const events = recordEvents(system);
    const error = await rejectionOf(system.submit({ type: 'guarded' }).then((handle) => handle.result()));
    expect(error).toMatchObject({ code: 'SANDBOX_UNAVAILABLE', message: expect.stringContaining('"guarded"') });
    expect(events.filter(({ type: name }) => name === 'task:log')).toEqual([]);
    expect((await system.doctor()).types).toMatchObject([{ type: 'guarded', problem: expect.stringContaining('kernel') }]);
  });

  it.each<[string, Partial<TaskTypeOptions>]>([['untrusted', { untrusted: true }], ['one that may use shell.run', { policy: { allow: ['shell.run'] } }]])('runs a type that is %s where its own options say in so many words that less will do', async (_what, type) => {
    const system = await openWithout(optionsOf({ ...type, sandbox: { level: 'process' } }));
    const handle = await system.submit({ type: 'guarded', input: 1 });
    await expect(handle.result()).resolves.toBe(1);
    expect((await system.get(handle.id))?.isolation?.level).toBe('process');
  });
});
