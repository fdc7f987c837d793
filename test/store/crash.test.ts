import { describe, expect, it } from 'vitest';
import { isTerminalEvent } from '../../src/lib/task-system/types/Events.ts';
import type { TaskState } from '../../src/lib/task-system/types/TaskState.ts';
import { temporaryDirectory } from '../support/files.ts';
import { startProgram } from './program.ts';
import { allEvents, openFor } from './support.ts';

/** The states that a task may be in after this was acknowledged. */
const POSSIBLE: Readonly<Record<string, readonly TaskState[]>> = {
  created: ['queued', 'running', 'completed'],
  claimed: ['running', 'completed'],
  completed: ['completed'],
};

/** Lets a writer go on until it has acknowledged `amount` things, kills it, and returns all that it acknowledged until it was dead. */
async function killAfter(directory: string, prefix: string, amount: number): Promise<readonly string[]> {
  const program = startProgram('writesUntilKilled', [directory, prefix]);
  const lines: string[] = [];
  for await (const line of program.lines) {
    lines.push(line);
    if (lines.length === amount) program.process.kill('SIGKILL');
  }
  expect(await program.ended).toBe('SIGKILL');
  return lines;
}

describe('a host that is killed', () => {
  it('loses nothing that was acknowledged, time after time on the same database', async () => {
    const directory = temporaryDirectory();
    const acknowledged: string[] = [];
    for (const [prefix, amount] of [['a', 1], ['b', 150], ['c', 400]] as const) {
      acknowledged.push(...await killAfter(directory, prefix, amount));
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(551);
    const store = await openFor(directory);
    for (const line of acknowledged) {
      const [what = '', id = ''] = line.split(' ');
      const task = await store.get(id);
      expect(POSSIBLE[what], line).toContain(task?.state);
    }
    const events = await allEvents(store);
    expect(events.map(({ offset }) => offset)).toEqual(events.map((_, index) => index + 1));
    const created = events.filter(({ type }) => type === 'task:create').map(({ taskId }) => taskId);
    expect(new Set(created).size).toBe(created.length);
    const ends = events.filter(isTerminalEvent).map(({ taskId }) => taskId);
    expect(new Set(ends).size).toBe(ends.length);
    for (const id of created) expect((await store.get(id))?.state === 'completed').toBe(ends.includes(id));
  });

  it('leaves its running tasks to the next one, which may take them at once', async () => {
    const directory = temporaryDirectory();
    await killAfter(directory, 'a', 200);
    const store = await openFor(directory);
    const [before] = await store.counts();
    const recovered = await store.recover({ owner: 'b', time: Date.now(), maxInterruptions: 3, neverRepeat: [] });
    expect(recovered).toHaveLength(before?.running ?? 0);
    expect(recovered.length).toBeGreaterThan(0);
    expect((await store.counts())[0]?.running).toBe(0);
  });
});
