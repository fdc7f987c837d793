import { textOf } from './rows.ts';
import type { Reply } from './wire.ts';
import type { EngineState } from './EngineState.ts';

const EVERYTHING = 'everything';
const PROJECT = 'project:';

/** Remembers that a project, or everything, is paused or not. */
export function setPaused({ database }: EngineState, project: string | null, isPaused: boolean): Reply {
  const scope = project === null ? EVERYTHING : `${PROJECT}${project}`;
  database.run(isPaused ? 'INSERT OR IGNORE INTO paused (scope) VALUES (?)' : 'DELETE FROM paused WHERE scope = ?', scope);
  return {};
}

/** What is paused. */
export function paused({ database }: EngineState): Reply {
  const scopes = database.all('SELECT scope FROM paused ORDER BY scope').map((row) => textOf(row, 'scope'));
  return { paused: scopes.map((scope) => (scope === EVERYTHING ? undefined : scope.slice(PROJECT.length))) };
}
