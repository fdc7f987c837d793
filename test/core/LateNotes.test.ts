import { describe, expect, it } from 'vitest';
import { LateNotes, type LateNotesPorts } from '../../src/lib/task-system/core/LateNotes.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { EventDraft, TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { Settlement, TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger, makeRecord } from './makers.ts';

const NOTE: EventDraft = { type: 'task:memory', data: { file: 'MEMORY.md', added: 'bees dance', removed: '', archived: 0 } };

interface Setup {
  readonly left?: readonly TaskRecord[];
  readonly finish?: LateNotesPorts['context']['finish'];
  readonly remembered?: LateNotesPorts['store']['families']['remembered'];
}

/** A store that keeps the notes of `left`, and a memory that writes one line of each task. */
function setUp({ left = [], finish, remembered }: Setup = {}) {
  const [told, stored, endings, logger] = [[] as TaskEvent[], [] as string[], [] as Settlement[], makeLogger()];
  const write: LateNotesPorts['context']['finish'] = async (_task, settlement, _workspace, record) => {
    endings.push(settlement);
    await record([NOTE]);
  };
  const notes = new LateNotes({
    store: { families: {
      unremembered: (limit) => Promise.resolve(left.slice(0, limit)),
      remembered: remembered ?? ((taskId, drafts) => { stored.push(taskId); return Promise.resolve(drafts.map((draft, index) => eventOf(taskId, index + 1, draft))); }),
    } },
    context: { finish: finish ?? write }, events: { emit: (event) => { told.push(event); } }, clock: new FakeClock(), logger,
  });
  return { notes, told, stored, endings, logger };
}

function eventOf(taskId: string, offset: number, draft: EventDraft): TaskEvent {
  return { epoch: 'epoch-1', offset, time: 1, taskId, project: 'acme', taskType: 'research', rootId: taskId, attempt: 1, ...draft };
}

function endedTask(rest: Partial<TaskRecord> = {}): TaskRecord {
  return makeRecord({ state: 'completed', finishedAt: 3_000, resultJson: '"done"', notesJson: '[]', ...rest });
}

describe('LateNotes', () => {
  it('writes what an ended task noted, stores that it is written, and tells it', async () => {
    const { notes, told, stored } = setUp();
    notes.write(endedTask());
    await notes.written();
    expect([stored, told]).toMatchObject([['task-1'], [{ type: 'task:memory', taskId: 'task-1' }]]);
  });

  it('does nothing for a task that has not ended', async () => {
    const { notes, stored, endings } = setUp();
    notes.write(endedTask({ state: 'waiting' }));
    await notes.written();
    expect([stored, endings]).toEqual([[], []]);
  });

  it('does nothing for a task of which nothing was kept: its attempt has written it', async () => {
    const { notes, stored, endings } = setUp();
    notes.write(makeRecord({ state: 'completed' }));
    await notes.written();
    expect([stored, endings]).toEqual([[], []]);
  });

  it('shows the memory how the task ended', async () => {
    const error = { name: 'Error', message: 'no honey', code: 'TASK_FAILED' };
    const { resultJson: _result, ...failed } = endedTask({ state: 'failed', error });
    const { notes, endings } = setUp();
    notes.write(endedTask());
    notes.write(failed);
    await notes.written();
    expect(endings).toMatchObject([{ to: 'completed', time: 3_000, fence: 7, resultJson: '"done"' }, { to: 'failed', error }]);
    expect(endings[1]).not.toHaveProperty('resultJson');
  });

  it('writes what an earlier host left behind, one after the other', async () => {
    const order: string[] = [];
    const { notes, stored } = setUp({
      left: [endedTask({ id: 'a' }), endedTask({ id: 'b' })],
      finish: async ({ id }) => { order.push(`${id} begins`); await Promise.resolve(); order.push(`${id} ends`); },
    });
    notes.writeLeft();
    await notes.written();
    expect([order, stored]).toEqual([['a begins', 'a ends', 'b begins', 'b ends'], ['a', 'b']]);
  });

  it('tells nothing of what somebody else has written meanwhile', async () => {
    const { notes, told } = setUp({ remembered: () => Promise.resolve(undefined) });
    notes.write(endedTask());
    await notes.written();
    expect(told).toEqual([]);
  });

  it('logs that it could not be stored, and leaves it for the next start', async () => {
    const { notes, told, logger } = setUp({ remembered: () => Promise.reject(new RangeError('disk')) });
    notes.write(endedTask());
    await notes.written();
    expect(told).toEqual([]);
    expect(logger.lines).toMatchObject([{ level: 'error', details: { error: { message: 'disk' } } }]);
  });

  it('is written only when also that is which began while it was waited for', async () => {
    const first = Promise.withResolvers<undefined>();
    const { notes, stored } = setUp({ finish: async ({ id }) => { if (id === 'a') { await first.promise; notes.write(endedTask({ id: 'b' })); } } });
    notes.write(endedTask({ id: 'a' }));
    const written = notes.written();
    first.resolve(undefined);
    await written;
    expect(stored.toSorted()).toEqual(['a', 'b']);
  });

  it('has nothing to wait for when nothing was written', async () => {
    await expect(setUp().notes.written()).resolves.toBeUndefined();
  });
});
