import { type Summary, wastedBytes } from './merge.ts';

/** How many rows each list of the report shows. */
export const REPORT_ROWS = { languages: 20, largest: 10, todos: 50, duplicates: 20, paths: 5 } as const;

/** Writes the report on a code base as Markdown. @param about what the code base says of itself. */
export function renderReport(name: string, summary: Summary, about?: string): string {
  return [
    `# ${escapeText(name)}`,
    '',
    ...(about === undefined ? [] : [`> ${escapeText(about)}`, '']),
    `${count(summary.files, 'text file')} with ${count(summary.lines, 'line')} (${size(summary.bytes)}) in ${count(summary.folders, 'folder')}, `
      + `read by ${count(summary.scans, 'scan')}.`,
    ...skippedSentence(summary),
    ...section('Languages', languageTable(summary)),
    ...section('Largest files', largestTable(summary)),
    ...section(`TODO and FIXME (${number(summary.todoCount)})`, todoList(summary)),
    ...section(`Duplicate files (${number(summary.duplicates.length)})`, duplicateList(summary)),
    '',
  ].join('\n');
}

/** A size for people: `812 bytes`, `14.2 KiB`. */
export function size(bytes: number): string {
  if (bytes < 1_024) return count(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1_024 ** step).toFixed(1)} ${units[step - 1] ?? ''}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', `## ${title}`, '', ...(lines.length === 0 ? ['None.'] : lines)];
}

function languageTable({ languages, lines }: Summary): string[] {
  const shown = languages.slice(0, REPORT_ROWS.languages);
  return table(['Language', 'Files', 'Lines', 'Share'], shown.map((language) => [
    escapeText(language.name), number(language.files), number(language.lines), `${(lines === 0 ? 0 : language.lines / lines * 100).toFixed(1)} %`,
  ]), languages.length - shown.length);
}

function largestTable({ largest }: Summary): string[] {
  return table(['File', 'Lines', 'Size'], largest.slice(0, REPORT_ROWS.largest).map((file) => [
    // A table ends a cell at a pipe even inside code.
    code(file.path).replaceAll('|', '\\|'), number(file.lines), size(file.bytes),
  ]), 0);
}

function todoList({ todos, todoCount }: Summary): string[] {
  const shown = todos.slice(0, REPORT_ROWS.todos);
  return [
    ...shown.map(({ path, line, kind, text }) => `- ${code(`${path}:${line}`)} ${kind}${text === '' ? '' : `: ${escapeText(text)}`}`),
    ...more(todoCount - shown.length),
  ];
}

function duplicateList({ duplicates, compared, comparable }: Summary): string[] {
  const shown = duplicates.slice(0, REPORT_ROWS.duplicates);
  return [
    ...shown.map((group) => `- ${size(wastedBytes(group))} could go: ${paths(group.paths, group.paths.length)}`),
    ...more(duplicates.length - shown.length),
    ...(compared === comparable ? [] : ['', `Only the ${number(compared)} largest of ${number(comparable)} files were compared.`]),
  ];
}

/** The first of so many paths. */
function paths(known: readonly string[], amount: number): string {
  const shown = known.slice(0, REPORT_ROWS.paths);
  const rest = amount - shown.length;
  return shown.map(code).join(', ') + (rest > 0 ? ` and ${number(rest)} more` : '');
}

function skippedSentence({ skipped, closed }: Summary): string[] {
  const named = paths(closed, skipped.closed);
  const reasons: readonly [number, string][] = [
    [skipped.binary, 'binary'], [skipped.generated, 'generated'], [skipped.tooLarge, 'too large'],
    [skipped.closed, `closed to tasks (${named})`], [skipped.unreadable, 'unreadable'],
  ];
  const given = reasons.filter(([amount]) => amount > 0).map(([amount, reason]) => `${number(amount)} ${reason}`);
  return given.length === 0 ? [] : ['', `Not read: ${given.join(', ')}.`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[], hidden: number): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line), ...(hidden > 0 ? ['', ...more(hidden)] : [])];
}

function more(hidden: number): string[] {
  return hidden > 0 ? [`- and ${number(hidden)} more`] : [];
}

function count(amount: number, noun: string): string {
  return `${number(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** Text from files must not become markup, nor break a table or a list. */
function escapeText(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|#~]/g, '\\$&');
}

/** A path as code, in a fence that is longer than any run of backticks in it. */
function code(text: string): string {
  const fence = '`'.repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const space = fence.length > 1 ? ' ' : '';
  return `${fence}${space}${oneLine(text)}${space}${fence}`;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
