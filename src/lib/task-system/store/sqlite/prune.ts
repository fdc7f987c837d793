import type { PruneOrder } from '../../types/TaskStore.ts';
import { pruneDeadLetters } from './outbox/messages.ts';
import { pruneLedger } from './ledger.ts';
import { numberOf } from './rows.ts';
import type { Reply } from './wire.ts';
import type { EngineState } from './EngineState.ts';

const NEWEST_BEYOND = 'SELECT finished_at, seq FROM tasks WHERE finished_at IS NOT NULL ORDER BY finished_at DESC, seq DESC LIMIT 1 OFFSET ?';
const REMOVE_TASKS = `DELETE FROM tasks WHERE seq IN (
  SELECT seq FROM tasks AS ended WHERE finished_at IS NOT NULL AND (finished_at, seq) < (?, ?)
  AND NOT EXISTS (SELECT 1 FROM tasks AS child WHERE child.parent_id = ended.id AND child.finished_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM tasks AS root WHERE root.id = ended.root_id AND root.finished_at IS NULL)
  ORDER BY finished_at, seq LIMIT ?)`;
const OLDEST_EVENTS = 'SELECT offset, time FROM events ORDER BY offset LIMIT ?';

/**
 * Removes the oldest of the ended tasks, of the events and of the dead letters, each by age and by count. A task stays while a child
 * of it goes on, and as long as its root does: a parent that is run again finds its ended children by their keys. Events
 * go in the order of their offsets, so that the log has a beginning and no holes.
 */
export function prune(state: EngineState, order: PruneOrder): Reply {
  pruneDeadLetters(state, order);
  pruneLedger(state, order);
  return { pruned: { tasks: pruneTasks(state, order), events: pruneEvents(state, order) } };
}

function pruneTasks({ database }: EngineState, { before, keep, batch }: PruneOrder): number {
  const beyond = database.get(NEWEST_BEYOND, keep);
  const byCount = beyond === undefined ? [-1, 0] as const : [numberOf(beyond, 'finished_at'), numberOf(beyond, 'seq') + 1] as const;
  const [finishedAt, seq] = byCount[0] >= before ? byCount : [before, 0];
  return database.run(REMOVE_TASKS, finishedAt, seq, batch);
}

function pruneEvents({ database, log }: EngineState, { before, keep, batch }: PruneOrder): number {
  let last = log.pruned;
  for (const row of database.all(OLDEST_EVENTS, batch)) {
    const offset = numberOf(row, 'offset');
    if (numberOf(row, 'time') >= before && offset > log.last - keep) break;
    last = offset;
  }
  return log.prune(last);
}
