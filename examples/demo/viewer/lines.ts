import type { TaskEvent } from 'task-system';
import { formatDuration } from '../terminal/duration.ts';
import { cut, fit, printable } from '../terminal/text.ts';
import type { BoardRow } from './TaskBoard.ts';

/** Progress is told when it passes one of these steps. */
const COARSE_PERCENT = 25;
const NAME_COLUMNS = 34;

/**
 * Says in one line what an event changed, for output that is not a terminal; undefined for what is not worth a line.
 * Every change of state gets one, progress only each {@link COARSE_PERCENT} percent.
 */
export function lineFor(event: TaskEvent, before: BoardRow | undefined, after: BoardRow): string | undefined {
  const said = describe(event, before, after);
  return said === undefined ? undefined : `${fit(nameOf(after), NAME_COLUMNS)} ${printable(said)}`.trimEnd();
}

/** What a task is called: its type and what it works on, or the end of its id. */
export function nameOf(row: Pick<BoardRow, 'id' | 'type' | 'label'>): string {
  return cut(printable(`${row.type} ${row.label ?? row.id.slice(-6)}`), NAME_COLUMNS);
}

function describe(event: TaskEvent, before: BoardRow | undefined, after: BoardRow): string | undefined {
  switch (event.type) {
    case 'task:create': return `queued     in ${event.project}`;
    case 'task:start': return `running    attempt ${event.attempt}, waited ${formatDuration(event.data.queuedMs)}`;
    case 'task:progress': return passedStep(before, after) ? `${fit(`${Math.floor(after.percent)} %`, 10)} ${after.message}` : undefined;
    case 'task:retry':
      return event.data.cause === 'interrupted' ? 'queued     was interrupted, goes on' : `queued     failed, tries again: ${event.data.error.message}`;
    case 'task:wait': return `waiting    for ${event.data.children} children`;
    case 'task:resume': return 'running    goes on';
    case 'task:complete': return `completed  after ${formatDuration(after.ranMs)}`;
    case 'task:error': return `failed     ${event.data.error.message}`;
    case 'task:cancel': return `cancelled  ${event.data.reason}`;
    case 'task:context': return `told       ${event.data.files.map(({ name, usedTokens }) => `${name} (${usedTokens})`).join(', ')} tokens`;
    case 'task:warning': return `warning    ${event.data.message}`;
    default: return undefined;
  }
}

function passedStep(before: BoardRow | undefined, after: BoardRow): boolean {
  const step = Math.floor(after.percent / COARSE_PERCENT);
  return step > Math.floor((before?.percent ?? 0) / COARSE_PERCENT) && after.percent < 100;
}
