import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SkippingClock } from './SkippingClock.ts';
import { isRunning, logged, nextEvent, openSystem, processesIn, recordEvents, temporaryDirectory, testOptions } from './support.ts';
import { until } from './until.ts';

describe('an attempt whose process dies', () => {
  it('fails with TASK_CRASHED when the process dies before it is ready', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { spares: 0 } }), { childEntry: join(import.meta.dirname, 'handlers/dies-on-import.mjs') });
    const handle = await system.submit({ type: 'echo' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CRASHED', message: expect.stringContaining('before it was ready') });
  });

  it('fails with TASK_CRASHED when the executable cannot be started, and starts nothing in a loop', async () => {
    let starts = 0;
    const { spawn } = await import('node:child_process');
    const system = await openSystem(testOptions({ 'echo.mjs': {} }), {
      spawn: (command, args, options) => {
        if (command === '/bin/sh') return spawn(command, args, options);
        starts++;
        return spawn('/nonexistent/node', args, options);
      },
    });
    const handle = await system.submit({ type: 'echo' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CRASHED', message: expect.stringContaining('could not be started') });
    expect(starts).toBeLessThan(8);
  });

  it('fails with TASK_CRASHED when the process dies while its module loads', async () => {
    const system = await openSystem(testOptions({ 'dies-on-import.mjs': {} }));
    const handle = await system.submit({ type: 'dies-on-import' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CRASHED', details: { signal: 'SIGKILL', exitCode: null } });
  });

  it('fails with TASK_CRASHED when it dies in the middle of a message', async () => {
    const system = await openSystem(testOptions({ 'dies-mid-message.mjs': {} }));
    const handle = await system.submit({ type: 'dies-mid-message' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CRASHED', details: { signal: 'SIGKILL' } });
  });

  it('keeps the result when it dies right after sending it, twenty times in a row', async () => {
    const system = await openSystem(testOptions({ 'dies-after-result.mjs': {} }));
    const handles = await Promise.all(Array.from({ length: 20 }, () => system.submit({ type: 'dies-after-result' })));
    await expect(Promise.all(handles.map((handle) => handle.result()))).resolves.toEqual(Array.from({ length: 20 }, () => ({ delivered: true })));
  });

  it('names the exit code and the last output when the handler calls process.exit', async () => {
    const system = await openSystem(testOptions({ 'exits.mjs': {} }));
    const handle = await system.submit({ type: 'exits', input: { code: 7 } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CRASHED', details: { exitCode: 7, output: 'last words\n' } });
  });
});

describe('an attempt that does not end', () => {
  it('is stopped by its timeout', async () => {
    const system = await openSystem(testOptions({ 'never.mjs': { timeoutMs: 300, stopGraceMs: 50 } }));
    const handle = await system.submit({ type: 'never' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_TIMEOUT', details: { timeoutMs: 300 } });
  });

  it('takes the timeout of the submission over that of the type', async () => {
    const system = await openSystem(testOptions({ 'never.mjs': { stopGraceMs: 0 } }));
    const handle = await system.submit({ type: 'never', timeoutMs: 200 });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_TIMEOUT', details: { timeoutMs: 200 } });
  });

  it('is killed although it spins and never sees the abort', async () => {
    const system = await openSystem(testOptions({ 'spins.mjs': { stopGraceMs: 50 } }));
    const handle = await system.submit({ type: 'spins' });
    await logged(system, handle.id, 'spinning');
    await expect(handle.cancel('enough')).resolves.toBe(true);
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED', details: { reason: 'enough' } });
  });

  it('is killed although it ignores SIGTERM', async () => {
    const system = await openSystem(testOptions({ 'ignores-sigterm.mjs': { stopGraceMs: 50 } }));
    const handle = await system.submit({ type: 'ignores-sigterm' });
    await logged(system, handle.id, 'ignoring');
    await expect(handle.cancel()).resolves.toBe(true);
  });

  it.each([['cancel', 'AbortError: changed my mind'], ['timeout', 'TimeoutError: the attempt had 60000 ms']])('is told by its signal on %s and may stop by itself, but the first cause stays the outcome', async (way, noted) => {
    const clock = new SkippingClock();
    const system = await openSystem(testOptions({ 'heeds-abort.mjs': { timeoutMs: 60_000, stopGraceMs: 120_000 } }), { clock });
    const note = join(temporaryDirectory(), 'note');
    const handle = await system.submit({ type: 'heeds-abort', input: { note } });
    await logged(system, handle.id, 'waiting');
    if (way === 'cancel') await handle.cancel('changed my mind');
    else clock.skip(60_000);
    await expect(handle.result()).rejects.toMatchObject({ code: way === 'cancel' ? 'TASK_CANCELLED' : 'TASK_TIMEOUT' });
    expect(readFileSync(note, 'utf8')).toBe(noted);
  });
});

describe('what an attempt leaves behind', () => {
  it.each([false, true])('a detached grandchild is gone when the result is there (holding stdout: %s)', async (holdsOutput) => {
    const system = await openSystem(testOptions({ 'leaves-grandchild.mjs': {} }));
    const handle = await system.submit({ type: 'leaves-grandchild', input: { holdsOutput } });
    const pid = await handle.result();
    expect(isRunning(Number(pid))).toBe(false);
  });

  it('a detached grandchild is gone after a cancel', async () => {
    const system = await openSystem(testOptions({ 'leaves-grandchild.mjs': { stopGraceMs: 0 } }));
    const handle = await system.submit({ type: 'leaves-grandchild', input: { holdsOutput: true, thenHang: true } });
    const pid = Number(await logged(system, handle.id, /^\d+$/));
    expect(isRunning(pid)).toBe(true);
    await handle.cancel();
    expect(isRunning(pid)).toBe(false);
  });

  it('a double-forked process in its own session is found by its mark and gone with the result', async () => {
    const system = await openSystem(testOptions({ 'double-forks.mjs': {} }));
    const handle = await system.submit({ type: 'double-forks', input: { seconds: 1000 } });
    expect(isRunning(Number(await handle.result()))).toBe(false);
  });

  it('no workspace stays after success, one stays after failure', async () => {
    const options = testOptions({ 'echo.mjs': {}, 'throwing.mjs': {} }, { queue: { spares: 0 } });
    const system = await openSystem(options);
    await (await system.submit({ type: 'echo', input: 1 })).result();
    const failed = await system.submit({ type: 'throwing' });
    await failed.result().catch(() => undefined);
    await system.close();
    expect(readdirSync(join(options.root, 'workspaces'))).toEqual([`${failed.id}.1`]);
  });
});

describe('output', () => {
  it('of more than is kept is read to the end, kept up to the limit, and said to be cut', async () => {
    const options = testOptions({ 'floods-output.mjs': { limits: { outputBytes: 1_000_000 } } });
    const system = await openSystem(options);
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'floods-output', input: { megabytes: 3 } });
    await expect(handle.result()).resolves.toBe('done');
    const kept = events.reduce((sum, event) => sum + (event.type === 'task:log' ? Buffer.byteLength(event.data.text) : 0), 0);
    expect(kept).toBe(1_000_000);
    expect(readFileSync(join(options.root, 'logs', `${handle.id}.1.log`)).length).toBe(1_000_000);
    expect(events.filter((event) => event.type === 'task:warning')).toMatchObject([{ data: { code: 'OUTPUT_TRUNCATED' } }]);
  });

  it('of 100 MB is read to the end, and no more of it is kept than is allowed', async () => {
    const options = testOptions({ 'floods-output.mjs': { limits: { outputBytes: 26_214_400 } } });
    const system = await openSystem(options);
    const handle = await system.submit({ type: 'floods-output', input: { megabytes: 100 } });
    await expect(handle.result()).resolves.toBe('done');
    expect((await system.get(handle.id))?.usage?.outputBytes).toBe(104_857_600);
    expect(statSync(join(options.root, 'logs', `${handle.id}.1.log`)).size).toBe(26_214_400);
  });

  it('of 100 MB ends a task that has not been allowed more than by default', async () => {
    const system = await openSystem(testOptions({ 'floods-output.mjs': {} }));
    const handle = await system.submit({ type: 'floods-output', input: { megabytes: 100 } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_OUTPUT', details: { allowed: 67_108_864 } });
  });

  it('becomes log events, in order, with what log() wrote', async () => {
    const system = await openSystem(testOptions({ 'reports.mjs': {} }));
    const events = recordEvents(system);
    await (await system.submit({ type: 'reports' })).result();
    const logs = events.flatMap((event) => (event.type === 'task:log' ? [event.data] : []));
    expect(logs).toContainEqual({ stream: 'log', level: 'warn', text: 'careful', data: { depth: 1 } });
    expect(logs).toContainEqual({ stream: 'stdout', level: 'info', text: 'to stdout\n' });
    expect(logs).toContainEqual({ stream: 'stderr', level: 'warn', text: 'to stderr\n' });
  });
});

describe('garbage on the channel', () => {
  it.each(['not json', 'huge length', 'unknown type', 'wrong field', 'policy field', 'deep nesting', 'a megabyte of progress', 'result not json', 'random bytes'])('(%s) ends its task with TASK_PROTOCOL and hurts nobody else', async (kind) => {
    const system = await openSystem(testOptions({ 'sends-garbage.mjs': {}, 'echo.mjs': {} }));
    const [bad, good] = await Promise.all([system.submit({ type: 'sends-garbage', input: { kind } }), system.submit({ type: 'echo', input: 'fine' })]);
    await expect(bad.result()).rejects.toMatchObject({ code: 'TASK_PROTOCOL', retryable: false });
    await expect(good.result()).resolves.toBe('fine');
  });

  it('a flood of valid messages is slowed down and does no harm', async () => {
    const system = await openSystem(testOptions({ 'floods-channel.mjs': {} }));
    const handle = await system.submit({ type: 'floods-channel', input: { messages: 100_000 } });
    await expect(handle.result()).resolves.toBe('done');
  });
});

describe('a result', () => {
  it('of 5 MB is refused with a clear error', async () => {
    const system = await openSystem(testOptions({ 'big-result.mjs': {} }));
    const handle = await system.submit({ type: 'big-result', input: { bytes: 5_000_000 } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_RESULT_INVALID', message: expect.stringMatching(/5000002 bytes.*1048576 are allowed.*workspace/s) });
  });

  it('just below the limit arrives whole', async () => {
    const system = await openSystem(testOptions({ 'big-result.mjs': {} }));
    const handle = await system.submit({ type: 'big-result', input: { bytes: 1_048_574 } });
    await expect(handle.result()).resolves.toHaveLength(1_048_574);
  });

  it.each(['bigint', 'function', 'cycle'])('that is not JSON (%s) is refused', async (kind) => {
    const system = await openSystem(testOptions({ 'odd-result.mjs': {} }));
    const handle = await system.submit({ type: 'odd-result', input: { kind } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_RESULT_INVALID' });
  });

  it('of undefined is stored as null', async () => {
    const system = await openSystem(testOptions({ 'odd-result.mjs': {} }));
    await expect((await system.submit({ type: 'odd-result', input: { kind: 'undefined' } })).result()).resolves.toBeNull();
  });

  it('is delivered although the handler replaced process.send, exit and kill', async () => {
    const system = await openSystem(testOptions({ 'replaces-process.mjs': {} }));
    await expect((await system.submit({ type: 'replaces-process' })).result()).resolves.toBe('fine');
  });

  it('stands although something is rejected after it', async () => {
    const system = await openSystem(testOptions({ 'late-rejection.mjs': {} }));
    const handles = await Promise.all(Array.from({ length: 10 }, () => system.submit({ type: 'late-rejection' })));
    await expect(Promise.all(handles.map((handle) => handle.result()))).resolves.toEqual(Array.from({ length: 10 }, () => 'returned first'));
  });
});

describe('an error of the handler', () => {
  it('crosses with name, code, message, stack and cause', async () => {
    const system = await openSystem(testOptions({ 'throwing.mjs': {} }));
    const handle = await system.submit({ type: 'throwing' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED', message: 'the handler broke' });
    const { error } = await system.get(handle.id) ?? {};
    expect(error).toMatchObject({ code: 'TASK_FAILED', cause: { name: 'RangeError', code: 'E_BROKE', message: 'the handler broke', cause: { message: 'deep down' } } });
    expect(error?.cause?.stack).toContain('throwing.mjs');
  });

  it('that nobody handled fails the task', async () => {
    const system = await openSystem(testOptions({ 'early-rejection.mjs': {} }));
    const handle = await system.submit({ type: 'early-rejection' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED', message: 'nobody listens' });
  });
});

describe('when everything is over', () => {
  it('no process stands in the directory of the system, spares included', async () => {
    const options = testOptions({ 'never.mjs': { stopGraceMs: 0 }, 'leaves-grandchild.mjs': {} });
    const system = await openSystem(options);
    const started = nextEvent(system, 'task:start');
    await system.submit({ type: 'never' });
    await started;
    await until(() => processesIn(options.root).length > 0);
    await system.close({ graceMs: 0 });
    expect(processesIn(options.root)).toEqual([]);
    expect(existsSync(join(options.root, 'tasks.db'))).toBe(true);
  });
});
