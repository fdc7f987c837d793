import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLine, nextEvent, openSystem, processesIn, temporaryDirectory, testOptions } from './support.ts';
import { until } from './until.ts';

/** Processes that run a task now, by the word of the operating system: they carry the task in their command line. */
function taskProcesses(root: string): number[] {
  return processesIn(root).filter((pid) => /^task-system: (?!spare)/.test(commandLine(pid)));
}

describe('the global cap', () => {
  it('holds for every mix of projects, caps, failures and cancels: counted by the operating system at every event', async () => {
    const task = fc.record({ project: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(300), fails: fc.boolean(), cancelled: fc.boolean(), priority: fc.integer({ min: -2, max: 2 }) });
    await fc.assert(fc.asyncProperty(fc.array(task, { minLength: 8, maxLength: 16 }), fc.integer({ min: 1, max: 4 }), async (tasks, cap) => {
      const ledger = join(temporaryDirectory(), 'ledger');
      const options = testOptions({ 'announces.mjs': { retry: { maxAttempts: 2, baseDelayMs: 0 }, stopGraceMs: 0 } }, { queue: { maxConcurrent: cap, spares: 2 }, projects: { a: { maxConcurrent: 1 } } });
      const system = await openSystem(options);
      const counts: number[] = [];
      system.events.on('*', () => { counts.push(taskProcesses(options.root).length); });
      const handles = await Promise.all(tasks.map(({ project, turns, fails, priority }) => system.submit({ type: 'announces', project, priority, input: { ledger, turns, fails, project } })));
      await Promise.all(handles.map(async (handle, index) => {
        if (tasks[index]?.cancelled === true) await handle.cancel();
        await handle.result().catch(() => undefined);
      }));
      expect(Math.max(0, ...counts)).toBeLessThanOrEqual(cap);
      expect(peakIn(readLedger(ledger), () => true)).toBeLessThanOrEqual(cap);
      expect(peakIn(readLedger(ledger), (line) => line.endsWith(' a'))).toBeLessThanOrEqual(1);
      await system.close();
    }), { numRuns: 8 });
  }, 900_000);

  it('is used in full: five tasks are alive at once', async () => {
    const options = testOptions({ 'gate.mjs': { stopGraceMs: 0 } });
    const system = await openSystem(options);
    const gates = join(temporaryDirectory(), 'open');
    let arrived = 0;
    const { promise: full, resolve } = Promise.withResolvers<undefined>();
    system.events.on('task:log', () => { if (++arrived === 5) resolve(undefined); });
    await Promise.all(Array.from({ length: 8 }, () => system.submit({ type: 'gate', input: { gate: gates } })));
    await full;
    expect(taskProcesses(options.root)).toHaveLength(5);
    expect((await system.queue.snapshot()).running).toBe(5);
    await system.close({ graceMs: 0 });
  });

  it('uses each process for one attempt only', async () => {
    const ledger = join(temporaryDirectory(), 'ledger');
    const system = await openSystem(testOptions({ 'announces.mjs': {} }));
    const handles = await Promise.all(Array.from({ length: 20 }, () => system.submit({ type: 'announces', input: { ledger, turns: 0, fails: false, project: 'p' } })));
    const pids = await Promise.all(handles.map((handle) => handle.result()));
    expect(new Set(pids).size).toBe(20);
  });

  it('keeps as many spares as asked for, and they hold no slot', async () => {
    const options = testOptions({ 'echo.mjs': {} }, { queue: { spares: 3 }, sandbox: { level: 'process' } });
    const system = await openSystem(options);
    await expect(system.queue.snapshot()).resolves.toMatchObject({ running: 0, spares: 3 });
    await until(() => processesIn(options.root).length === 3);
    const completed = nextEvent(system, 'task:complete');
    await system.submit({ type: 'echo' });
    await completed;
    await expect(system.queue.snapshot()).resolves.toMatchObject({ spares: 3 });
  });
});

function readLedger(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** The most that were between their start and end lines at once. A killed one never writes its end: it is counted out by its pid's successor. */
function peakIn(lines: readonly string[], fits: (line: string) => boolean): number {
  const ended = new Set(lines.filter((line) => line.startsWith('end ')).map((line) => line.split(' ')[1]));
  let alive = 0;
  let peak = 0;
  for (const line of lines.filter(fits)) {
    const [kind, pid] = line.split(' ');
    if (kind === 'start' && ended.has(pid)) peak = Math.max(peak, ++alive);
    if (kind === 'end') alive--;
  }
  return peak;
}
