import type { Measure } from './Benchmark.ts';
import type { Summary } from './statistics.ts';

/** What one benchmark found. */
export interface Finding {
  readonly benchmark: string;
  readonly measures: readonly Measure[];
}

/** The findings as a table in Markdown: one line for each peer. */
export function toTable(findings: readonly Finding[]): string {
  const head = ['benchmark', 'measured', 'task-system', 'against', 'its value', 'ratio', 'mark'];
  const lines = findings.flatMap(({ benchmark, measures }) => measures.flatMap((measure) => linesOf(benchmark, measure)));
  const rows = [head, head.map(() => '---'), ...lines];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, cell === '---' ? '-' : ' ')).join(' | ')} |`).join('\n');
}

function linesOf(benchmark: string, { what, unit, ours, peers, mark, note }: Measure): string[][] {
  const first = [benchmark, note === undefined ? what : `${what} (${note})`, `${spread(ours)} ${unit}`];
  const verdict = mark === undefined ? '' : `${mark.text}: ${mark.isMet ? 'met' : 'missed'}`;
  if (peers.length === 0) return [[...first, '', '', '', verdict]];
  return peers.map(({ name, value, ratio }, index) => {
    const tail = [name, `${spread(value)} ${unit}`, spread(ratio)];
    return index === 0 ? [...first, ...tail, verdict] : ['', '', '', ...tail, ''];
  });
}

function spread({ median, low, high, count }: Summary): string {
  return count === 1 ? round(median) : `${round(median)} (${round(low)} to ${round(high)})`;
}

/** Three digits are more than times on a shared machine deserve. */
function round(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
