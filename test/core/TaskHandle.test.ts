import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TaskFollower } from '../../src/lib/task-system/core/TaskFollower.ts';
import { createHandle } from '../../src/lib/task-system/core/TaskHandle.ts';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { serializeError, TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import type { EventDraft, TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { TaskHandle } from '../../src/lib/task-system/types/System.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeLogger, makeTask } from './makers.ts';
import { turns } from './until.ts';

const ID = 'task-1';
const subject = { taskId: ID, project: 'acme', taskType: 'research', rootId: ID, attempt: 1 };
const COMPLETE: EventDraft = { type: 'task:complete', data: { durationMs: 1, resultBytes: 4 } };
const START: EventDraft = { type: 'task:start', data: { queuedMs: 1 } };

/** A store with one task and its log, and the emitter that tells of it. What is called is told to `before`, so that a test can step in. */
class World {
  task: Task | undefined = makeTask();
  readonly log: TaskEvent[] = [];
  readonly events = new TaskEvents({ epoch: 'e', offset: 0, clock: new FakeClock(), logger: makeLogger(), readSince: () => Promise.resolve([]) });
  readonly closing = new AbortController();
  readonly cancels: unknown[] = [];
  readonly handle: TaskHandle;
  isPruned = false;
  before: (call: 'get' | 'read', offset: number) => void = () => undefined;
  after: (call: 'get' | 'read') => void = () => undefined;

  constructor() {
    this.handle = createHandle(ID, {
      follower: new TaskFollower(this.events),
      closing: this.closing.signal,
      cancel: (id, reason) => { this.cancels.push([id, reason]); return Promise.resolve(true); },
      get: () => this.#answer('get', 0, () => this.task),
      readEvents: (id, offset, limit) => this.#answer('read', offset, () => (this.isPruned ? undefined : this.log.filter((event) => event.taskId === id && event.offset > offset).slice(0, limit))),
    });
  }

  /** Persists, then emits. */
  store(draft: EventDraft, taskId = ID): TaskEvent {
    const event: TaskEvent = { epoch: 'e', offset: this.events.offset + 1, time: 1, ...subject, taskId, ...draft };
    this.log.push(event);
    this.events.emit(event);
    return event;
  }

  end(task: Partial<Task> = { state: 'completed', result: 'done' }, draft: EventDraft = COMPLETE): void {
    this.task = makeTask(task);
    this.store(draft);
  }

  progress(percent: number): void {
    this.events.emitTransient(subject, { type: 'task:progress', data: { percent } });
  }

  async #answer<Value>(call: 'get' | 'read', offset: number, value: () => Value): Promise<Value> {
    this.before(call, offset);
    const answer = value();
    this.after(call);
    await turns(1);
    return answer;
  }
}

async function typesOf(events: AsyncIterable<TaskEvent>): Promise<readonly string[]> {
  const types: string[] = [];
  for await (const event of events) types.push(event.type);
  return types;
}

describe('TaskHandle', () => {
  it('has the id of its task', () => {
    expect(new World().handle.id).toBe(ID);
  });

  it('passes a cancel on', async () => {
    const world = new World();
    await expect(world.handle.cancel('because')).resolves.toBe(true);
    expect(world.cancels).toEqual([[ID, 'because']]);
  });
});

describe('TaskHandle.result', () => {
  it('gives the result of a task that has completed long ago', async () => {
    const world = new World();
    world.task = makeTask({ state: 'completed', result: { pages: 3 } });
    await expect(world.handle.result()).resolves.toEqual({ pages: 3 });
  });

  it('gives null for a handler that returned nothing', async () => {
    const world = new World();
    world.task = makeTask({ state: 'completed' });
    await expect(world.handle.result()).resolves.toBeNull();
  });

  it('waits for the end', async () => {
    const world = new World();
    const result = world.handle.result();
    await turns();
    world.store(START);
    world.end();
    await expect(result).resolves.toBe('done');
  });

  it('does not miss an end that comes while it looks', async () => {
    const world = new World();
    world.after = (call) => { world.after = () => undefined; if (call === 'get') world.end(); };
    await expect(world.handle.result()).resolves.toBe('done');
  });

  it('is not woken by the end of another task', async () => {
    const world = new World();
    const result = world.handle.result();
    await turns();
    world.store(COMPLETE, 'task-2');
    await turns();
    world.end();
    await expect(result).resolves.toBe('done');
  });

  it('rejects with the error of the task, as it was', async () => {
    const world = new World();
    world.task = makeTask({ state: 'failed', error: { name: 'TypeError', message: 'no bees', code: 'E_BEES', stack: 'TypeError: no bees\n at hive', cause: { name: 'Error', message: 'empty' } } });
    const error: unknown = await world.handle.result().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TypeError', message: 'no bees', code: 'E_BEES', stack: 'TypeError: no bees\n at hive', cause: { message: 'empty' } });
  });

  it('rejects with TASK_CANCELLED when it was cancelled', async () => {
    const world = new World();
    world.task = makeTask({ state: 'cancelled', error: serializeError(new TaskSystemError('TASK_CANCELLED', 'x', { reason: 'why' })) });
    expect(await rejectionOf(world.handle.result())).toMatchObject({ code: 'TASK_CANCELLED', details: { reason: 'why' } });
  });

  it('rejects also when a failed task has lost its error', async () => {
    const world = new World();
    world.task = makeTask({ state: 'failed' });
    expect((await rejectionOf(world.handle.result())).code).toBe('TASK_FAILED');
  });

  it('rejects with TASK_NOT_FOUND when there is no such task', async () => {
    const world = new World();
    world.task = undefined;
    expect((await rejectionOf(world.handle.result())).code).toBe('TASK_NOT_FOUND');
  });

  it('rejects with SYSTEM_CLOSED when the system closes first', async () => {
    const world = new World();
    const result = rejectionOf(world.handle.result());
    await turns();
    world.closing.abort();
    expect((await result).code).toBe('SYSTEM_CLOSED');
  });

  it('rejects with SYSTEM_CLOSED when the system is closing already', async () => {
    const world = new World();
    world.closing.abort();
    expect((await rejectionOf(world.handle.result())).code).toBe('SYSTEM_CLOSED');
  });

  it('prefers an end that came with the close', async () => {
    const world = new World();
    const result = world.handle.result();
    await turns();
    world.task = makeTask({ state: 'completed', result: 'just in time' });
    world.closing.abort();
    await expect(result).resolves.toBe('just in time');
  });

  it('gives every caller the result', async () => {
    const world = new World();
    const results = Promise.all([world.handle.result(), world.handle.result(), world.handle.result()]);
    await turns();
    world.end();
    await expect(results).resolves.toEqual(['done', 'done', 'done']);
  });
});

describe('TaskHandle.events', () => {
  it('tells all events of an ended task from its log, and ends', async () => {
    const world = new World();
    world.store(START);
    world.end();
    await expect(typesOf(world.handle.events())).resolves.toEqual(['task:start', 'task:complete']);
  });

  it('goes on with live events, those that are not stored included, up to the end', async () => {
    const world = new World();
    world.store(START);
    const types = typesOf(world.handle.events());
    await turns();
    world.progress(10);
    world.progress(20);
    world.end();
    await expect(types).resolves.toEqual(['task:start', 'task:progress', 'task:progress', 'task:complete']);
  });

  it('reads a long log in pages', async () => {
    const world = new World();
    for (let count = 0; count < 1_234; count++) world.store(START);
    world.end();
    await expect(typesOf(world.handle.events())).resolves.toHaveLength(1_235);
  });

  it('tells of other tasks nothing', async () => {
    const world = new World();
    world.store(START, 'task-2');
    const types = typesOf(world.handle.events());
    await turns();
    world.store(COMPLETE, 'task-2');
    world.end();
    await expect(types).resolves.toEqual(['task:complete']);
  });

  it('ends with the system', async () => {
    const world = new World();
    world.store(START);
    const types = typesOf(world.handle.events());
    await turns();
    world.closing.abort();
    await expect(types).resolves.toEqual(['task:start']);
  });

  it('ends at once for a task that does not exist', async () => {
    const world = new World();
    world.task = undefined;
    await expect(typesOf(world.handle.events())).resolves.toEqual([]);
  });

  it('ends at once for an ended task whose events were pruned', async () => {
    const world = new World();
    world.task = makeTask({ state: 'completed' });
    world.isPruned = true;
    await expect(typesOf(world.handle.events())).resolves.toEqual([]);
  });

  it('tells live events of a running task whose older ones were pruned', async () => {
    const world = new World();
    world.isPruned = true;
    const types = typesOf(world.handle.events());
    await turns();
    world.progress(50);
    world.end();
    await expect(types).resolves.toEqual(['task:progress', 'task:complete']);
  });

  it('lets go of the task when its reader stops', async () => {
    const world = new World();
    world.store(START);
    for await (const event of world.handle.events()) if (event.type === 'task:start') break;
    expect(world.events.listenerErrors).toBe(0);
    world.end();
    await expect(typesOf(world.handle.events())).resolves.toEqual(['task:start', 'task:complete']);
  });

  it('tells every stored event once and in order, wherever the end and other events fall', async () => {
    const steps = fc.array(fc.nat(3), { maxLength: 12 });
    await fc.assert(fc.asyncProperty(fc.nat(4), steps, fc.nat(6), async (early, bursts, endAt) => {
      const world = new World();
      for (let count = 0; count < early; count++) world.store(START);
      let calls = 0;
      const happen = (): void => {
        if (calls > endAt) return;
        for (let count = 0; count < (bursts[calls] ?? 0); count++) world.store(START);
        if (calls++ === endAt) world.end();
      };
      world.before = happen;
      world.after = happen;
      const seen: number[] = [];
      const reading = (async () => { for await (const { offset } of world.handle.events()) seen.push(offset); })();
      while (calls <= endAt) { await turns(1); happen(); }
      await reading;
      expect(seen).toEqual(world.log.map(({ offset }) => offset));
    }), { numRuns: 150 });
  });
});
