import { describe, expect, it } from 'vitest';
import { Database } from '../../../src/lib/task-system/store/sqlite/Database.ts';
import { listQuery } from '../../../src/lib/task-system/store/sqlite/reads.ts';
import { migrate } from '../../../src/lib/task-system/store/sqlite/schema.ts';

function planOf(sql: string, values: readonly (string | number | null)[]): string {
  const database = new Database(':memory:', { timeoutMs: 0 });
  migrate(database);
  const plan = database.all(`EXPLAIN QUERY PLAN ${sql}`, ...values).map((row) => String(row['detail'])).join('\n');
  database.close();
  return plan;
}

describe('listQuery', () => {
  it.each([
    [{ project: 'p' }, 'tasks_project (project=? AND state=? AND rowid<?)'],
    [{ state: 'queued' as const }, 'tasks_state (state=? AND rowid<?)'],
    [{ parentId: 'x' }, 'tasks_parent (parent_id=? AND rowid<?)'],
    [{ project: 'p', state: 'failed' as const }, 'tasks_project (project=? AND state=? AND rowid<?)'],
    [{ project: 'p', parentId: 'x' }, 'tasks_parent (parent_id=? AND rowid<?)'],
    [{ project: 'p', parentId: 'x', state: 'failed' as const }, 'tasks_parent (parent_id=? AND rowid<?)'],
    [{}, 'INTEGER PRIMARY KEY (rowid<?)'],
  ])('answers the filter %j from an index, without reading the whole table or sorting whole rows', (filter, index) => {
    const { sql, values } = listQuery(filter, 1_000_000, 51);
    const plan = planOf(sql, values);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN tasks|USE TEMP B-TREE/);
  });
});
