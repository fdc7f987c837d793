import { SPEND_KINDS, type LedgerAccount, type Spend } from '../../types/Budgets.ts';
import type { PruneOrder } from '../../types/TaskStore.ts';
import type { Reply } from './wire.ts';
import type { EngineState } from './EngineState.ts';

/** The columns of what is counted, in the order of `SPEND_KINDS`. */
const COLUMNS = ['model_calls', 'input_tokens', 'output_tokens', 'cost', 'tool_calls', 'turns'];

const SPENT = `SELECT account, ${COLUMNS.join(', ')} FROM spend WHERE account = ?`;
const CHARGE = `INSERT INTO spend (account, task_id, ${COLUMNS.join(', ')}, time) VALUES (?, ?, ${COLUMNS.map(() => '?').join(', ')}, ?)
  ON CONFLICT (account) DO UPDATE SET ${COLUMNS.map((column) => `${column} = ${column} + excluded.${column}`).join(', ')}, time = excluded.time`;
const OLD = 'DELETE FROM spend WHERE account IN (SELECT account FROM spend WHERE task_id IS NULL AND time < ? ORDER BY time LIMIT ?)';

/** What was spent of some accounts. */
export function spent({ database }: EngineState, accounts: readonly string[]): Reply {
  return { rows: accounts.map((account) => database.get(SPENT, account)).filter((row) => row !== undefined) };
}

/** Adds to accounts. */
export function charge({ database }: EngineState, accounts: readonly LedgerAccount[], spend: Spend, time: number): Reply {
  for (const { key, taskId } of accounts) database.run(CHARGE, key, taskId ?? null, ...SPEND_KINDS.map((kind) => spend[kind]), time);
  return {};
}

/** Removes the accounts of projects whose time is over; those of tasks go with their tasks. */
export function pruneLedger({ database }: EngineState, { before, batch }: PruneOrder): void {
  database.run(OLD, before, batch);
}
