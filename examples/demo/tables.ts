import type { Outcome, TaskLine } from './outcome.ts';
import { formatAgo, formatDuration } from './terminal/duration.ts';
import type { Glyphs, Style } from './terminal/style.ts';
import { renderTable, type Cell, type Column } from './terminal/table.ts';
import type { BoardRow } from './viewer/TaskBoard.ts';

/** How tables are to look. */
export interface TableLook {
  readonly width: number;
  readonly style: Style;
  readonly glyphs: Glyphs;
}

const PRIORITIES: Readonly<Record<number, string>> = { [-1]: 'low', 0: 'normal', 1: 'high', 2: 'urgent' };
const EARLIER_ROWS = 12;

const OUTCOME_COLUMNS: readonly Column[] = [
  { title: 'task', shrinks: true, keepsEnd: true }, { title: 'project', shrinks: true }, { title: 'priority' }, { title: 'state' },
  { title: 'attempts', align: 'right' }, { title: 'waited', align: 'right' }, { title: 'ran', align: 'right' },
];

const EARLIER_COLUMNS: readonly Column[] = [
  { title: 'task', shrinks: true, keepsEnd: true }, { title: 'project', shrinks: true }, { title: 'state' }, { title: 'attempts', align: 'right' },
  { title: 'submitted', align: 'right' }, { title: 'took', align: 'right' },
];

/** The tasks of a run. What the store says of them, and from the live feed how long they waited and ran. */
export function outcomeTable(tasks: Outcome['tasks'], rowOf: (id: string) => BoardRow | undefined, look: TableLook): string[] {
  const rows = tasks.map((task): Cell[] => {
    const row = rowOf(task.id);
    return [
      { text: nameOf(task) }, { text: task.project }, { text: PRIORITIES[task.priority] ?? String(task.priority) }, stateCell(task, look),
      { text: attemptsOf(task) },
      { text: row?.waitedMs === undefined ? '' : formatDuration(row.waitedMs) }, { text: row === undefined ? '' : formatDuration(row.ranMs) },
    ];
  });
  return renderTable(OUTCOME_COLUMNS, rows, look.width, look.glyphs.rule);
}

/** Tasks of earlier runs, the newest ones. */
export function earlierTable(tasks: readonly TaskLine[], now: number, look: TableLook): string[] {
  const rows = tasks.slice(0, EARLIER_ROWS).map((task): Cell[] => [
    { text: nameOf(task) }, { text: task.project }, stateCell(task, look), { text: attemptsOf(task) }, { text: formatAgo(now - task.createdAt) },
    { text: task.finishedAt === undefined ? '' : formatDuration(task.finishedAt - task.createdAt) },
  ]);
  const hidden = tasks.length - rows.length;
  return [...renderTable(EARLIER_COLUMNS, rows, look.width, look.glyphs.rule), ...(hidden === 0 ? [] : [look.style.dim(`and ${hidden} more`)])];
}

function nameOf(task: TaskLine): string {
  return task.label === undefined ? task.type : `${task.type} ${task.label}`;
}

function attemptsOf(task: TaskLine): string {
  return task.interruptions === 0 ? String(task.attempts) : `${task.attempts} (${task.interruptions} cut)`;
}

function stateCell(task: TaskLine, { style }: TableLook): Cell {
  switch (task.state) {
    case 'completed': return { text: task.state, paint: style.green };
    case 'failed': return { text: task.state, paint: style.red };
    case 'cancelled': return { text: task.state, paint: style.yellow };
    default: return { text: task.state, paint: style.dim };
  }
}
