import { describe, expect, it, onTestFinished } from 'vitest';
import { Database } from '../../../src/lib/task-system/store/sqlite/Database.ts';
import { EventLog, type EventSubject } from '../../../src/lib/task-system/store/sqlite/EventLog.ts';
import { ownJson } from '../../../src/lib/task-system/store/sqlite/rows.ts';
import { migrate } from '../../../src/lib/task-system/store/sqlite/schema.ts';
import type { TaskEvent } from '../../../src/lib/task-system/types/Events.ts';
import { parseJson } from '../../../src/lib/task-system/types/Json.ts';

function open(): { readonly log: EventLog; readonly again: () => EventLog } {
  const database = new Database(':memory:', { timeoutMs: 0 });
  onTestFinished(() => { database.close(); });
  migrate(database);
  return { log: new EventLog(database), again: () => new EventLog(database) };
}

const subject = (taskId: string): EventSubject => ({ taskId, project: 'p', taskType: 't', rootId: taskId, attempt: 1 });
const add = (log: EventLog, taskId: string, ...types: readonly ('task:create' | 'task:start' | 'task:retry')[]): readonly string[] => log.append(subject(taskId), 5, types.map((type) => [type, '{"x":1}']));
const offsetsOf = (events: readonly string[] | undefined): readonly number[] | undefined => events?.map((text) => ownJson<TaskEvent>(text).offset);

describe('EventLog.append', () => {
  it('gives offsets one after the other, over all tasks', () => {
    const { log } = open();
    expect([offsetsOf(add(log, 'a', 'task:create', 'task:start')), offsetsOf(add(log, 'b', 'task:create')), log.last]).toEqual([[1, 2], [3], 3]);
  });

  it('writes an event with its log, its task and its data', () => {
    const { log } = open();
    const [text = ''] = add(log, 'a', 'task:create');
    expect(parseJson(text)).toEqual({ epoch: log.epoch, offset: 1, type: 'task:create', time: 5, taskId: 'a', project: 'p', taskType: 't', rootId: 'a', attempt: 1, data: { x: 1 } });
  });

  it('gives the same text when it is read as when it was written', () => {
    const { log } = open();
    const written = add(log, 'a', 'task:create', 'task:start');
    expect(log.read(0, 10)).toEqual(written);
  });

  it('goes on where it was after it was opened again', () => {
    const { log, again } = open();
    add(log, 'a', 'task:create', 'task:start');
    const reopened = again();
    expect([reopened.epoch, offsetsOf(add(reopened, 'a', 'task:retry'))]).toEqual([log.epoch, [3]]);
  });
});

describe('EventLog.read', () => {
  it('gives what came after an offset, oldest first, as many as asked for', () => {
    const { log } = open();
    add(log, 'a', 'task:create', 'task:start', 'task:retry');
    expect([offsetsOf(log.read(1, 10)), offsetsOf(log.read(0, 2)), log.read(3, 10)]).toEqual([[2, 3], [1, 2], []]);
  });

  it('gives the events of one task alone', () => {
    const { log } = open();
    add(log, 'a', 'task:create');
    add(log, 'b', 'task:create');
    add(log, 'a', 'task:start');
    expect(offsetsOf(log.readTask(0, 10, 'a'))).toEqual([1, 3]);
  });
});

describe('EventLog.prune', () => {
  it('removes what is old, and says how much that was', () => {
    const { log } = open();
    add(log, 'a', 'task:create', 'task:start', 'task:retry');
    expect([log.prune(2), log.pruned, offsetsOf(log.read(2, 10))]).toEqual([2, 2, [3]]);
  });

  it('says that something is missing to who has not seen what is gone', () => {
    const { log } = open();
    add(log, 'a', 'task:create', 'task:start', 'task:retry');
    log.prune(2);
    expect(log.read(1, 10)).toBeUndefined();
  });

  it('removes nothing twice', () => {
    const { log } = open();
    add(log, 'a', 'task:create', 'task:start');
    log.prune(2);
    expect([log.prune(2), log.prune(1), log.pruned]).toEqual([0, 0, 2]);
  });

  it('gives no offset again, also when nothing is left of the log', () => {
    const { log, again } = open();
    add(log, 'a', 'task:create', 'task:start');
    log.prune(2);
    expect(offsetsOf(add(again(), 'b', 'task:create'))).toEqual([3]);
  });

  it('still gives all of a task that began later', () => {
    const { log } = open();
    add(log, 'a', 'task:create');
    add(log, 'b', 'task:create', 'task:start');
    log.prune(1);
    expect([offsetsOf(log.readTask(0, 10, 'b')), log.readTask(0, 10, 'a')]).toEqual([[2, 3], undefined]);
  });

  it('says that something is missing of a task that has lost its beginning', () => {
    const { log } = open();
    add(log, 'a', 'task:create', 'task:start');
    log.prune(1);
    expect([log.readTask(0, 10, 'a'), offsetsOf(log.readTask(1, 10, 'a'))]).toEqual([undefined, [2]]);
  });
});

describe('EventLog.reset', () => {
  it('takes offsets back that were given in a transaction that failed', () => {
    const database = new Database(':memory:', { timeoutMs: 0 });
    onTestFinished(() => { database.close(); });
    migrate(database);
    const log = new EventLog(database);
    const mark = log.mark();
    database.exec('BEGIN');
    add(log, 'a', 'task:create');
    database.rollback();
    log.reset(mark);
    expect([log.last, offsetsOf(add(log, 'a', 'task:create'))]).toEqual([0, [1]]);
  });
});
