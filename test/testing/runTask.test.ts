import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { defineTask } from '../../src/lib/task-system/core/defineTask.ts';
import { runTask } from '../../src/lib/task-system/testing/runTask.ts';
import { temporaryDirectory } from '../support/files.ts';
import { rejectionOf } from '../support/thrown.ts';

describe('runTask', () => {
  it('gives the handler its input and returns its result', async () => {
    const double = defineTask({ input: z.object({ n: z.number() }), run: ({ input }) => ({ doubled: input.n * 2 }) });
    expect((await runTask(double, { input: { n: 21 } })).result).toEqual({ doubled: 42 });
  });

  it('collects progress and logs in order', async () => {
    const chatty = defineTask({
      run: ({ progress, log }) => {
        progress(10, 'reading');
        log.info('read', { files: 3 });
        progress(250);
        log.error('oh');
      },
    });
    const run = await runTask(chatty);
    expect(run.progress).toEqual([{ percent: 10, message: 'reading' }, { percent: 100 }]);
    expect(run.logs).toEqual([{ level: 'info', text: 'read', data: { files: 3 } }, { level: 'error', text: 'oh' }]);
  });

  it('collects children, with the project of the parent', async () => {
    const parent = defineTask({ run: ({ subtasks }) => subtasks.spawn({ type: 'child', input: 5, priority: 'high' }) });
    const run = await runTask(parent, { project: 'acme' });
    expect(run.spawned).toEqual([expect.objectContaining({ type: 'child', project: 'acme', input: 5, priority: 1 })]);
    expect(run.result).toEqual({ id: run.spawned[0]?.id });
  });

  it('refuses a child that submit would refuse', async () => {
    const parent = defineTask({ run: ({ subtasks }) => subtasks.spawn({ type: 'child', delayMs: -1 }) });
    expect((await rejectionOf(runTask(parent))).code).toBe('SUBMIT_INVALID');
  });

  it('shows the task as it was described', async () => {
    const show = defineTask({ run: ({ task }) => task });
    const { result } = await runTask(show, { type: 'research', project: 'acme', attempt: 2, maxAttempts: 3, metadata: { by: 'me' } });
    expect(result).toMatchObject({ type: 'research', project: 'acme', attempt: 2, maxAttempts: 3, metadata: { by: 'me' } });
  });

  it('gives a workspace of its own and removes it, also after an error', async () => {
    let path = '';
    const failing = defineTask({
      run: ({ workspace }) => {
        ({ path } = workspace);
        writeFileSync(workspace.resolve('note.txt'), 'x');
        throw new RangeError('stop');
      },
    });
    await expect(runTask(failing)).rejects.toThrow(new RangeError('stop'));
    expect(path).not.toBe('');
    expect(existsSync(path)).toBe(false);
  });

  it('keeps a workspace that it was given', async () => {
    const workspace = temporaryDirectory();
    const writing = defineTask({ run: (context) => { writeFileSync(context.workspace.resolve('note.txt'), 'x'); } });
    await runTask(writing, { workspace });
    expect(readdirSync(workspace)).toEqual(['note.txt']);
  });

  it('passes the signal on', async () => {
    const stopped = defineTask({ run: ({ signal }) => signal.aborted });
    expect((await runTask(stopped, { signal: AbortSignal.abort() })).result).toBe(true);
    expect((await runTask(stopped)).result).toBe(false);
  });

  it('refuses input that does not fit the schema', async () => {
    const strict = defineTask({ input: z.object({ n: z.number() }), run: () => null });
    const error = await rejectionOf(runTask(strict, { input: { n: 'x' } }));
    expect(error.code).toBe('INPUT_INVALID');
    expect(error.message).toContain('n: ');
  });

  it.each<[string, unknown]>([['a function', () => 1], ['a bigint', 1n], ['a symbol', Symbol('s')]])('refuses %s as result', async (_what, result) => {
    expect((await rejectionOf(runTask(defineTask({ run: () => result })))).code).toBe('TASK_RESULT_INVALID');
  });

  it('returns the result as JSON would give it back', async () => {
    expect((await runTask(defineTask({ run: () => undefined }))).result).toBeNull();
    expect((await runTask(defineTask({ run: () => ({ at: new Date(0), no: undefined }) }))).result).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });
});

describe('the context of runTask', () => {
  it('is that of a project without files, makes conversations smaller, and keeps what shall be remembered', async () => {
    const { result, remembered } = await runTask(defineTask({
      async run({ context }) {
        await context.remember('bees dance');
        const talk = Array.from({ length: 30 }, () => ({ role: 'user', content: 'and so on about bees '.repeat(10) }));
        const { messages } = await context.prepare(talk, { maxTokens: 400 });
        return { instructions: context.instructions, fewer: messages.length < talk.length };
      },
    }));
    expect(result).toEqual({ instructions: '', fewer: true });
    expect(remembered).toEqual(['bees dance']);
  });
});
