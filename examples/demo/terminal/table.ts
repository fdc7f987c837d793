import { cut, cutMiddle, fit, printable, widthOf } from './text.ts';

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Whether it may be narrowed when the terminal is. */
  readonly shrinks?: boolean;
  /** Whether what does not fit is left out in the middle, not at the end. */
  readonly keepsEnd?: boolean;
}

/** One cell: its text, and how to paint it after it was fitted. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const GAP = '  ';
const MIN_SHRUNK = 6;

/** Lays out rows in columns, at most `width` columns wide as far as the columns that may shrink allow. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number, rule: string): string[] {
  const widths = fitWidths(columns, rows, width);
  const line = (cells: readonly Cell[]): string => columns.map((column, index) => {
    const cell = cells[index] ?? { text: '' };
    return (cell.paint ?? ((text) => text))(fit(printable(cell.text), widths[index] ?? 0, column.align, column.keepsEnd === true ? cutMiddle : cut));
  }).join(GAP).trimEnd();
  const ruler = widths.map((columnWidth) => rule.repeat(columnWidth)).join(GAP);
  return [line(columns.map(({ title }) => ({ text: title }))), ruler, ...rows.map(line)];
}

function fitWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = columns.map((column, index) => Math.max(widthOf(column.title), ...rows.map((row) => widthOf(printable(row[index]?.text ?? '')))));
  const total = (): number => widths.reduce((sum, columnWidth) => sum + columnWidth, GAP.length * (columns.length - 1));
  while (total() > width) {
    const shrinkable = widths.map((columnWidth, index) => (columns[index]?.shrinks === true ? columnWidth : 0));
    const widest = Math.max(...shrinkable);
    if (widest <= MIN_SHRUNK) break;
    widths[shrinkable.indexOf(widest)] = widest - 1;
  }
  return widths;
}
