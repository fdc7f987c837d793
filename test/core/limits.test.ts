import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logged, nextEvent, openSystem, processesIn, recordEvents, testOptions } from './support.ts';

const MIB = 1_048_576;
const hasPrlimit = existsSync('/usr/bin/prlimit');
if (!hasPrlimit) process.stdout.write('SKIPPED: prlimit is not installed; what the kernel holds single processes to is left out\n');

describe('limits of memory', () => {
  it('end a process that takes memory as fast as it can', async () => {
    const system = await openSystem(testOptions({ 'allocates.mjs': { limits: { memoryMb: 200 } } }));
    const handle = await system.submit({ type: 'allocates' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_MEMORY', details: { limit: 'memory', unit: 'bytes' } });
    expect((await system.get(handle.id))?.usage?.peakMemoryBytes).toBeGreaterThan(100 * MIB);
  });

  it.runIf(hasPrlimit)('bound a process by the kernel that takes memory faster than anybody could watch', async () => {
    const system = await openSystem(testOptions({ 'allocates.mjs': { limits: { memoryMb: 200, workerThreads: 0 } }, 'echo.mjs': {} }));
    // What Node itself takes is known once a process is up.
    await (await system.submit({ type: 'echo' })).result();
    const handle = await system.submit({ type: 'allocates' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_MEMORY', details: { limit: 'memory', unit: 'bytes' } });
    expect((await system.get(handle.id))?.usage?.peakMemoryBytes).toBeLessThan(330 * MIB);
  });

  it.runIf(hasPrlimit)('are held by the kernel where no room for worker threads is left, and the verdict says so', async () => {
    const system = await openSystem(testOptions({ 'allocates.mjs': { limits: { memoryMb: 150, workerThreads: 0 } }, 'echo.mjs': {} }));
    await (await system.submit({ type: 'echo' })).result();
    // Asked for and never touched: nobody who watches what is in use could see it.
    const handle = await system.submit({ type: 'allocates', input: { atOnce: 2 ** 31 } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_MEMORY', details: { mechanism: 'kernel' } });
  });

  it('count the memory of all processes together', async () => {
    const options = testOptions({ 'allocates.mjs': { limits: { memoryMb: 200 } } });
    const system = await openSystem(options);
    // Slowly enough that what comes between two looks is no matter of the machine.
    const handle = await system.submit({ type: 'allocates', input: { children: 10, gently: true } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_MEMORY', details: { allowed: 200 * MIB, mechanism: 'watched' } });
    expect((await system.get(handle.id))?.usage?.peakMemoryBytes).toBeLessThan(500 * MIB);
    // Two spares, each with two processes of its sandbox.
    expect(processesIn(options.root).length).toBeLessThanOrEqual(6);
  });
});

describe('limits of processes', () => {
  it('end a task that starts processes without end, with all that left its group', async () => {
    const system = await openSystem(testOptions({ 'fork-bomb.mjs': { limits: { processes: 30 } } }));
    const handle = await system.submit({ type: 'fork-bomb' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_PROCESSES', details: { allowed: 30, unit: 'processes', mechanism: 'watched' } });
    expect((await system.get(handle.id))?.usage?.peakProcesses).toBeGreaterThan(30);
  });
});

describe('limits of CPU time', () => {
  it('end a handler that spins', async () => {
    const system = await openSystem(testOptions({ 'burns-cpu.mjs': { limits: { cpuMs: 300 } } }));
    const handle = await system.submit({ type: 'burns-cpu' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_CPU', details: { allowed: 300, unit: 'ms' } });
  });

  it('count what a child burns', async () => {
    const system = await openSystem(testOptions({ 'burns-cpu.mjs': { limits: { cpuMs: 400 } } }));
    const handle = await system.submit({ type: 'burns-cpu', input: { child: true } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_CPU' });
  });
});

describe('limits of the workspace', () => {
  it.each([['many files', {}], ['one file', { oneFile: true }], ['many empty files', { empty: true }]])('end a task that fills it with %s', async (_name, input) => {
    const system = await openSystem(testOptions({ 'fills-disk.mjs': { limits: { workspaceMb: 20 } } }, { workspaces: { keepFailedMs: 0 } }));
    const handle = await system.submit({ type: 'fills-disk', input });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_DISK', details: { limit: 'disk', allowed: 20 * MIB } });
  });
});

describe('a verdict on the disk', () => {
  it.runIf(hasPrlimit)('says that the kernel refused a file that may not grow so far', async () => {
    const system = await openSystem(testOptions({ 'fills-disk.mjs': { limits: { workspaceMb: 20 } } }));
    const handle = await system.submit({ type: 'fills-disk', input: { sparse: true } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_DISK', details: { mechanism: 'kernel' } });
  });

  it('says that somebody watched where each file was small enough', async () => {
    const system = await openSystem(testOptions({ 'fills-disk.mjs': { limits: { workspaceMb: 20 } } }));
    const handle = await system.submit({ type: 'fills-disk' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_DISK', details: { mechanism: 'watched' } });
  });
});

describe('limits of output', () => {
  it('end a task that prints far more than is kept, and keep what fits', async () => {
    const system = await openSystem(testOptions({ 'floods-output.mjs': { limits: { outputBytes: 10_000 } } }));
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'floods-output', input: { megabytes: 4 } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_LIMIT_OUTPUT', details: { allowed: 40_000, unit: 'bytes' } });
    const kept = events.filter((event) => event.type === 'task:log').reduce((sum, { data }) => sum + data.text.length, 0);
    expect(kept).toBeLessThanOrEqual(10_000);
  });
});

describe('limits of open files', () => {
  it('are an error of the system call', async () => {
    const system = await openSystem(testOptions({ 'opens-files.mjs': { limits: { openFiles: 100 } } }));
    const result = await (await system.submit({ type: 'opens-files' })).result();
    expect(result).toMatchObject({ code: 'EMFILE' });
    expect(result).toHaveProperty('opened', expect.closeTo(75, -2));
  });
});

describe('limits of the kernel', () => {
  const limits = { cpuMs: 7_000, openFiles: 123, memoryMb: 300, workerThreads: 0 };
  const NARROW = { cpuSeconds: 10, openFiles: 123 };

  it('hold before the first line of a handler, in a process that was not started ahead', async () => {
    const system = await openSystem(testOptions({ 'reads-limits.mjs': { limits } }, { queue: { spares: 0 } }));
    const first = await (await system.submit({ type: 'reads-limits' })).result();
    const second = await (await system.submit({ type: 'reads-limits' })).result();
    // Room for Node itself is added, which nobody knows before the first process is up.
    const dataBytes: unknown = expect.toSatisfy((bytes: number) => Number.isFinite(bytes) && bytes > 300 * MIB);
    expect([first, second]).toMatchObject([{ ...NARROW, dataBytes }, { ...NARROW, dataBytes }]);
  });

  it('are those of the type, whatever the spare was started with', async () => {
    const wide = { limits: { openFiles: 4_000 } };
    const system = await openSystem(testOptions({ 'reads-limits.mjs': { limits }, 'echo.mjs': wide }));
    await (await system.submit({ type: 'echo' })).result();
    await expect((await system.submit({ type: 'reads-limits' })).result()).resolves.toMatchObject(NARROW);
  });
});

describe('usage', () => {
  it('is told while the task runs, and stays with the task', async () => {
    const system = await openSystem(testOptions({ 'never.mjs': { stopGraceMs: 0, sandbox: { level: 'process' } } }));
    const seen = nextEvent(system, 'task:usage');
    const handle = await system.submit({ type: 'never' });
    const { data } = await seen;
    expect(data).toMatchObject({ processes: 1, memoryBytes: expect.toSatisfy((bytes: number) => bytes > MIB) });
    await handle.cancel();
    expect((await system.get(handle.id))?.usage).toMatchObject({ peakProcesses: 1, outputBytes: 0 });
  });

  it('counts what was printed', async () => {
    const system = await openSystem(testOptions({ 'exits.mjs': {} }));
    const handle = await system.submit({ type: 'exits', input: { code: 1 } });
    void logged(system, handle.id, 'last words');
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CRASHED' });
    expect((await system.get(handle.id))?.usage?.outputBytes).toBe('last words\n'.length);
  });
});
