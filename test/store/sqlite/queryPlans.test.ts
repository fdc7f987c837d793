import { describe, expect, it } from 'vitest';
import { Database } from '../../../src/lib/task-system/store/sqlite/Database.ts';
import { EventLog } from '../../../src/lib/task-system/store/sqlite/EventLog.ts';
import { prune } from '../../../src/lib/task-system/store/sqlite/prune.ts';
import { counts, get, list, readEvents } from '../../../src/lib/task-system/store/sqlite/reads.ts';
import { newRecord, toRow } from '../../../src/lib/task-system/store/sqlite/rows.ts';
import { promoteDue, recover } from '../../../src/lib/task-system/store/sqlite/schedule.ts';
import { performApproval } from '../../../src/lib/task-system/store/sqlite/approvals/perform.ts';
import type { ApprovalOp } from '../../../src/lib/task-system/store/sqlite/approvals/wire.ts';
import { performOutbox } from '../../../src/lib/task-system/store/sqlite/outbox/perform.ts';
import type { OutboxOp } from '../../../src/lib/task-system/store/sqlite/outbox/wire.ts';
import { migrate } from '../../../src/lib/task-system/store/sqlite/schema.ts';
import type { Row, SqlValue } from '../../../src/lib/task-system/store/sqlite/wire.ts';
import { create } from '../../../src/lib/task-system/store/sqlite/creation.ts';
import type { EngineState } from '../../../src/lib/task-system/store/sqlite/EngineState.ts';
import { append, cancelQueued, claimNext, settle } from '../../../src/lib/task-system/store/sqlite/writes.ts';
import { endpoint } from '../outboxSupport.ts';
import { newTask } from '../support.ts';

/** A database that remembers what was asked of it, to explain it. */
class ExplainingDatabase extends Database {
  readonly seen = new Set<string>();

  override run(sql: string, ...values: readonly SqlValue[]): number {
    this.seen.add(sql);
    return super.run(sql, ...values);
  }

  override get(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    this.seen.add(sql);
    return super.get(sql, ...values);
  }

  override all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    this.seen.add(sql);
    return super.all(sql, ...values);
  }
}

/** How SQLite goes about everything that an operation asks, one step a line. */
function plansOf(operation: (state: EngineState) => unknown): readonly string[] {
  const database = new ExplainingDatabase(':memory:', { timeoutMs: 0 });
  migrate(database);
  const state = { database, log: new EventLog(database) };
  create(state, toRow(newRecord(newTask('a', { project: 'p' }), undefined)), null);
  create(state, toRow(newRecord(newTask('b', { project: 'p' }), 'host')), null);
  database.seen.clear();
  operation(state);
  expect(database.seen.size).toBeGreaterThan(0);
  const plans = [...database.seen].flatMap((sql) => Database.prototype.all.call(database, `EXPLAIN QUERY PLAN ${sql}`));
  database.close();
  return plans.map((row) => String(row['detail']));
}

describe('the query plans of operations that must not slow down with the number of tasks', () => {
  it.each<[string, (state: EngineState) => unknown]>([
    ['create', (state) => create(state, toRow(newRecord(newTask('c', { parentId: 'a', idempotencyKey: 'k' }), 'host')), null)],
    ['create of a keyed child', (state) => create(state, toRow(newRecord(newTask('c', { parentId: 'a', rootId: 'a', key: 'k' }), undefined)), { maxDepth: 5, maxChildren: 100, maxTasks: 1_000 })],
    ['claimNext', (state) => claimNext(state, 'p', 'host', 1)],
    ['settle', (state) => settle(state, ['b', 1, 'completed', 1, null, null, null, null, 0, ['task:complete', '{}'], null, null, 0, [], null])],
    ['settle to queued', (state) => settle(state, ['b', 1, 'queued', 1, null, null, null, null, 0, ['task:retry', '{}'], null, null, 0, [], null])],
    ['cancelQueued', (state) => cancelQueued(state, 'a', 'x', 1)],
    ['append', (state) => append(state, 'b', 1, [['task:warning', '{}']], 1)],
    ['promoteDue', (state) => promoteDue(state, 1)],
    ['recover', (state) => recover(state, { owner: 'new', time: 1, maxInterruptions: 3, neverRepeat: [] })],
    ['get', (state) => get(state, 'a')],
    ['readEvents', (state) => readEvents(state, 0, 10, null)],
    ['readEvents of a task', (state) => readEvents(state, 0, 10, 'a')],
  ])('%s goes through an index and sorts nothing', (_name, operation) => {
    const plans = plansOf(operation);
    expect(plans.filter((step) => /^SCAN |TEMP B-TREE/.test(step))).toEqual([]);
  });

  it.each<[string, OutboxOp]>([
    ['claim', ['claim', { lease: 'l', time: 5_000, until: 9_000, wanted: [{ endpointId: 'x', limit: 2 }] }]],
    ['a report of success', ['report', { id: 1, endpointId: 'x', lease: 'none', time: 1, outcome: 'delivered' }]],
    ['a report of failure', ['report', { id: 1, endpointId: 'x', lease: 'none', time: 1, outcome: 'retry', dueAt: 2 }]],
    ['due', ['due']],
    ['the dead letters of all', ['deadLetters', { limit: 10 }]],
    ['the dead letters of one', ['deadLetters', { limit: 10, endpointId: 'x' }]],
    ['replay', ['replay', { time: 1, endpointId: 'x' }]],
    ['removing', ['removeEndpoint', 'x']],
    ['burying', ['setHealth', 'x', { state: 'active', failures: 0 }, 1]],
  ])('%s does not walk through the messages of others', (_name, op) => {
    const plans = plansOf((state) => {
      performOutbox(state, ['putEndpoint', endpoint('x', { order: 'task' })]);
      create(state, toRow(newRecord(newTask('c'), 'host')), null);
      return performOutbox(state, op);
    });
    expect(plans.filter((step) => /^SCAN (webhook_messages|tasks|events)$/.test(step))).toEqual([]);
  });

  it.each<[string, ApprovalOp]>([
    ['asking', ['ask', { taskId: 'b', fence: 1, tool: 'pay', input: {}, fingerprint: 'other', scope: 's', rule: 'r', reason: 'r', deadline: 9, time: 1 }]],
    ['taking', ['take', 'b.1', 1]],
    ['deciding', ['decide', 'b.1', { state: 'allowed', by: 'anna', remember: 'once' }, 1]],
    ['expiring', ['expire', 9]],
    ['getting', ['get', 'b.1']],
    ['listing what is open', ['list', { state: 'open', limit: 10 }]],
    ['listing what a task asked for', ['list', { state: 'denied', taskId: 'b', limit: 10 }]],
  ])('%s does not walk through the approvals of others', (_name, op) => {
    const plans = plansOf((state) => {
      performApproval(state, ['ask', { taskId: 'b', fence: 1, tool: 'pay', input: {}, fingerprint: 'f', rule: 'r', reason: 'r', deadline: 9, time: 1 }]);
      return performApproval(state, op);
    });
    expect(plans.filter((step) => /^SCAN (approvals|tasks|events)$/.test(step))).toEqual([]);
  });

  it('prune reads from the old end of an index', () => {
    const plans = plansOf((state) => prune(state, { before: 5_000, keep: 1, batch: 10 }));
    expect(plans.filter((step) => /^SCAN |TEMP B-TREE/.test(step))).toEqual(['SCAN events']);
    expect(plans).toContainEqual(expect.stringContaining('USING INDEX tasks_finished (finished_at>? AND finished_at<?)'));
  });

  it('counts reads indexes alone, in their order', () => {
    const plans = plansOf(counts);
    expect(plans).toEqual([expect.stringContaining('COVERING INDEX tasks_project'), expect.stringContaining('COVERING INDEX tasks_ready')]);
  });
});

describe('the query plan of list', () => {
  it.each([
    [{ project: 'p' }, 'tasks_project (project=? AND state=? AND rowid<?)'],
    [{ state: 'queued' as const }, 'tasks_state (state=? AND rowid<?)'],
    [{ parentId: 'x' }, 'tasks_parent (parent_id=? AND rowid<?)'],
    [{ project: 'p', state: 'failed' as const }, 'tasks_project (project=? AND state=? AND rowid<?)'],
    [{ project: 'p', parentId: 'x' }, 'tasks_parent (parent_id=? AND rowid<?)'],
    [{ project: 'p', parentId: 'x', state: 'failed' as const }, 'tasks_parent (parent_id=? AND rowid<?)'],
    [{}, 'INTEGER PRIMARY KEY (rowid<?)'],
  ])('answers the filter %j from an index, without reading the whole table or sorting whole rows', (filter, index) => {
    const plan = plansOf((state) => list(state, { ...filter, limit: 50 }, null)).join('\n');
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN tasks|TEMP B-TREE/);
  });
});
