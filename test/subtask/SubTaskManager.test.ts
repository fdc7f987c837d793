import { describe, expect, it } from 'vitest';
import { SubTaskManager } from '../../src/lib/task-system/subtask/SubTaskManager.ts';
import { isJsonObject, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { TaskState, TerminalState } from '../../src/lib/task-system/types/TaskState.ts';
import { makeRecord, makeStore, makeType } from '../core/makers.ts';
import { turns } from '../core/until.ts';
import { rejectionOf } from '../support/thrown.ts';

function setUp() {
  const states = new Map<string, TaskState>();
  const listeners = new Set<{ readonly id: string; readonly listener: (state: TerminalState) => void }>();
  const submissions: JsonValue[] = [];
  const slots: string[] = [];
  const base = makeStore({ get: (id) => Promise.resolve(makeRecord({ id, parentId: 'task-1', state: states.get(id) ?? 'running', resultJson: '7', key: '#x.0' })) });
  const manager = new SubTaskManager({
    store: { ...base, families: { ...base.families, statesOf: (ids) => Promise.resolve(new Map(ids.map((id) => [id, states.get(id) ?? 'running']))) } },
    spawner: { spawn: (_parent, submission) => { submissions.push(submission); return Promise.resolve(makeRecord({ id: `c${String(submissions.length)}` })); } },
    onEnd: (id, listener) => {
      const entry = { id, listener };
      listeners.add(entry);
      return () => { listeners.delete(entry); };
    },
    types: { of: () => makeType() },
  });
  const stop = new AbortController();
  const caller = {
    task: makeRecord(), signal: stop.signal,
    giveSlot: (children: number) => { slots.push(`give ${String(children)}`); return Promise.resolve({ takeBack: () => { slots.push('take'); return Promise.resolve(); } }); },
  };
  const end = (id: string, state: TerminalState): void => {
    states.set(id, state);
    for (const entry of listeners) if (entry.id === id) entry.listener(state);
  };
  const wait = (until: string, ...ids: string[]): Promise<JsonValue> => manager.wait(caller, { conditions: [{ until, ids }] });
  return { manager, caller, submissions, slots, states, listeners, end, wait, stop };
}

describe('SubTaskManager.spawn', () => {
  it('names children that have no name, the same for the same attempt again', async () => {
    const keysOf = async (): Promise<unknown[]> => {
      const { manager, caller, submissions } = setUp();
      for (const input of [1, 1, 2]) await manager.spawn(caller, { type: 'research', input });
      return submissions.map((submission) => isJsonObject(submission) ? submission['key'] : undefined);
    };
    const keys = await keysOf();
    expect(new Set(keys).size).toBe(3);
    expect(await keysOf()).toEqual(keys);
  });

  it('leaves a name that was given alone', async () => {
    const { manager, caller, submissions } = setUp();
    await manager.spawn(caller, { type: 'research', key: 'mine' });
    expect(submissions).toEqual([{ type: 'research', key: 'mine' }]);
  });
});

describe('SubTaskManager.wait', () => {
  it('gives the slot away while it waits, and answers when a child ends', async () => {
    const { manager, caller, slots, end, wait, listeners } = setUp();
    await manager.spawn(caller, { type: 'research' });
    const met = wait('settled', 'c1');
    await turns();
    expect(slots).toEqual(['give 1']);
    end('c1', 'completed');
    await expect(met).resolves.toEqual([{ index: 0 }]);
    expect([slots, listeners.size]).toEqual([['give 1', 'take'], 0]);
  });

  it('keeps the slot when there is nothing to wait for', async () => {
    const { manager, caller, slots, states, wait } = setUp();
    await manager.spawn(caller, { type: 'research' });
    states.set('c1', 'failed');
    await expect(wait('all', 'c1')).resolves.toEqual([{ index: 0, failed: 'c1' }]);
    expect(slots).toEqual([]);
  });

  it('takes no child for failed of which it does not know yet', async () => {
    const { manager, caller, end, wait } = setUp();
    for (const type of ['a', 'b']) await manager.spawn(caller, { type });
    const met = wait('all', 'c1', 'c2');
    end('c1', 'completed');
    await turns();
    end('c2', 'completed');
    await expect(met).resolves.toEqual([{ index: 0 }]);
  });

  it('answers a wait with nothing when another one takes its place, which keeps the slot given', async () => {
    const { manager, caller, slots, end, wait } = setUp();
    await manager.spawn(caller, { type: 'research' });
    const first = wait('settled', 'c1');
    await turns();
    const second = wait('settled', 'c1');
    await expect(first).resolves.toEqual([]);
    await turns();
    end('c1', 'completed');
    await expect(second).resolves.toEqual([{ index: 0 }]);
    expect(slots).toEqual(['give 1', 'take']);
  });

  it('ends when the attempt is being stopped, without a slot', async () => {
    const { manager, caller, slots, wait, stop } = setUp();
    await manager.spawn(caller, { type: 'research' });
    const met = wait('settled', 'c1');
    await turns();
    stop.abort();
    await expect(met).rejects.toThrow();
    expect(slots).toEqual(['give 1']);
  });

  it('waits for no task that is not a child of the attempt', async () => {
    expect((await rejectionOf(setUp().wait('settled', 'stranger'))).code).toBe('TASK_NOT_FOUND');
  });
});

describe('SubTaskManager.outcome', () => {
  it('tells the result of a child, without a name that nobody gave', async () => {
    const { manager, caller, states } = setUp();
    states.set('c1', 'completed');
    await expect(manager.outcome(caller, { id: 'c1' })).resolves.toEqual({ id: 'c1', type: 'research', state: 'completed', result: 7 });
    expect(manager.excusedBy(caller.task)).toEqual([]);
  });

  it('takes a failure that was told for dealt with, in this attempt', async () => {
    const { manager, caller, states } = setUp();
    states.set('c1', 'failed');
    await manager.outcome(caller, { id: 'c1' });
    expect(manager.excusedBy(caller.task)).toEqual(['c1']);
    manager.forget(caller.task);
    expect(manager.excusedBy(caller.task)).toEqual([]);
  });

  it('tells nothing of a child that goes on, or of somebody else\'s', async () => {
    const { manager, caller } = setUp();
    await expect(manager.outcome(caller, { id: 'c1' })).resolves.toBeNull();
    expect((await rejectionOf(manager.outcome({ task: makeRecord({ id: 'other' }) }, { id: 'c1' }))).code).toBe('TASK_NOT_FOUND');
  });
});
