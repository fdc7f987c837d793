import { renderBar } from '../terminal/bar.ts';
import { formatDuration } from '../terminal/duration.ts';
import type { Glyphs, Style } from '../terminal/style.ts';
import { cut, cutMiddle, fit, printable } from '../terminal/text.ts';
import { isOver, type BoardRow, type TaskBoard } from './TaskBoard.ts';

/** How a frame is to look. */
export interface FrameLook {
  /** Columns and rows of the terminal. */
  readonly width: number;
  readonly height: number;
  /** Milliseconds since 1970, for the running times. */
  readonly now: number;
  readonly style: Style;
  readonly glyphs: Glyphs;
  /** Stands behind the counts. */
  readonly note?: string | undefined;
}

/** The widths of the columns of a task's line. */
interface Layout {
  readonly type: number;
  readonly label: number;
  readonly project: number;
  readonly bar: number;
  readonly message: number;
}

const PERCENT_COLUMNS = 5;
const TIME_COLUMNS = 10;
/** Wide enough for the types of this demo, so that the columns stay where they are when the last one appears. */
const TYPE_COLUMNS = 9;
const SPINNER_MS = 100;
/** Lines that are not tasks: the heading, the line of what is hidden, and one left free for the cursor. */
const OTHER_LINES = 3;

/** Draws the live view: a heading with the counts and one line per task, within the size of the terminal. */
export function renderFrame(board: TaskBoard, look: FrameLook): string[] {
  const rows = board.rows;
  const shown = chooseRows(rows, Math.max(1, look.height - OTHER_LINES));
  const layout = layOut(rows, look.width);
  const hidden = rows.filter((row) => !shown.includes(row));
  return [
    heading(board, look),
    ...shown.map((row) => taskLine(row, layout, look)),
    ...(hidden.length === 0 ? [] : [look.style.dim(cut(`  and ${hidden.length} more: ${tally(hidden)}`, look.width))]),
  ];
}

/** Counts tasks by state: `3 running, 2 queued`. */
export function tally(rows: readonly Pick<BoardRow, 'state'>[]): string {
  const order = ['running', 'waiting', 'queued', 'completed', 'failed', 'cancelled'] as const;
  const counts = order.map((state) => [rows.filter((row) => row.state === state).length, state] as const);
  return counts.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`).join(', ');
}

/** If there are too many tasks for the screen, what runs is worth the most, then what ended last, then what waits. */
function chooseRows(rows: readonly BoardRow[], room: number): BoardRow[] {
  if (rows.length <= room) return [...rows];
  const worth = (row: BoardRow): number => (isOver(row.state) ? 1 : row.state === 'queued' ? 0 : 2);
  const ranked = rows.toSorted((a, b) => worth(b) - worth(a) || (b.finishedAt ?? 0) - (a.finishedAt ?? 0));
  const chosen = new Set(ranked.slice(0, room));
  return rows.filter((row) => chosen.has(row));
}

function layOut(rows: readonly BoardRow[], width: number): Layout {
  const type = Math.min(12, Math.max(TYPE_COLUMNS, ...rows.map((row) => row.type.length)));
  const project = width < 90 ? 0 : Math.min(16, Math.max(7, ...rows.map((row) => row.project.length)));
  const bar = width < 60 ? 0 : Math.min(24, Math.floor(width / 7));
  const fixed = 2 + type + 1 + (project === 0 ? 0 : project + 1) + (bar === 0 ? 0 : bar + 1) + PERCENT_COLUMNS + 1 + TIME_COLUMNS;
  const rest = Math.max(0, width - 1 - fixed);
  const label = Math.min(Math.max(0, ...rows.map((row) => row.label?.length ?? 0)), Math.floor(rest * 0.6));
  return { type, label, project, bar, message: rest - label - (label === 0 ? 0 : 1) - 1 };
}

function heading(board: TaskBoard, { width, style, note }: FrameLook): string {
  const counts = board.rows.length === 0 ? 'waiting for the first task' : `${board.rows.length} tasks: ${tally(board.rows)}`;
  return style.bold(cut(note === undefined ? counts : `${counts} (${note})`, width - 1));
}

function taskLine(row: BoardRow, layout: Layout, look: FrameLook): string {
  const { style, glyphs } = look;
  const percent = row.state === 'queued' && row.attempts === 0 ? '' : `${Math.floor(row.percent)} %`;
  const elapsed = row.ranMs + (row.startedAt === undefined ? 0 : Math.max(0, look.now - row.startedAt));
  const cells = [
    sign(row, look),
    fit(row.type, layout.type),
    ...(layout.label === 0 ? [] : [fit(printable(row.label ?? ''), layout.label, 'left', cutMiddle)]),
    ...(layout.project === 0 ? [] : [style.dim(fit(printable(row.project), layout.project))]),
    ...(layout.bar === 0 ? [] : [painter(row, style)(renderBar(row.percent, layout.bar, glyphs))]),
    fit(percent, PERCENT_COLUMNS, 'right'),
    fit(row.attempts === 0 ? '' : formatDuration(elapsed), TIME_COLUMNS, 'right'),
    ...(layout.message < 8 ? [] : [style.dim(cut(printable(row.message), layout.message))]),
  ];
  return cells.join(' ').trimEnd();
}

function sign(row: BoardRow, { style, glyphs, now }: FrameLook): string {
  switch (row.state) {
    case 'completed': return style.green(glyphs.done);
    case 'failed': return style.red(glyphs.failed);
    case 'cancelled': return style.yellow(glyphs.cancelled);
    case 'running': return style.cyan(glyphs.spinner[Math.floor(now / SPINNER_MS) % glyphs.spinner.length] ?? glyphs.full);
    default: return style.dim(glyphs.queued);
  }
}

function painter(row: BoardRow, style: Style): (text: string) => string {
  switch (row.state) {
    case 'completed': return style.green;
    case 'failed': return style.red;
    case 'cancelled': return style.yellow;
    case 'running': return style.cyan;
    default: return style.dim;
  }
}
