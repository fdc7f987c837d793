import { ERROR_CATALOGUE, type ErrorCode, type ErrorEntry } from '../src/lib/task-system/types/ErrorCatalogue.ts';
import { isCatalogued } from '../src/lib/task-system/types/Errors.ts';
import { stateDiagram } from '../src/lib/task-system/types/TaskState.ts';

/** Families of codes by their first word, in the order of the page. */
const FAMILIES = [
  { title: 'Tasks', prefix: 'TASK_' },
  { title: 'Handler modules', prefix: 'HANDLER_' },
  { title: 'The database', prefix: 'STORE_' },
  { title: 'The live feed', prefix: 'FEED_' },
  { title: 'Calls and options', prefix: '' },
] as const;

/** The page of all error codes. */
export function errorsPage(): string {
  const codes = Object.keys(ERROR_CATALOGUE).filter(isCatalogued);
  const families = FAMILIES.map(({ title, prefix }) => ({ title, members: codes.filter((code) => familyOf(code) === prefix) }));
  return [
    '# Errors',
    '',
    '<!-- Generated from src/lib/task-system/types/ErrorCatalogue.ts by `npm run docs`. Do not edit. -->',
    '',
    'Every error of this library is a `TaskSystemError` with a `code`. `error.details` holds the data behind the message, `error.retryable`',
    'says whether doing the same again may succeed, `error.cause` is what led to it. Recognise one with `TaskSystemError.isInstance(error)`,',
    'which also works when two copies of the package are installed.',
    '',
    ...families.flatMap(({ title, members }) => [`## ${title}`, '', ...members.flatMap((code) => errorSection(code, ERROR_CATALOGUE[code]))]),
  ].join('\n').trimEnd().concat('\n');
}

/** Puts the diagram of the states, made from the table of moves, into a page in place of the one that is there. */
export function withDiagram(page: string): string {
  const [before, rest] = splitOnce(page, '<!-- diagram -->\n');
  const [, after] = splitOnce(rest, '<!-- /diagram -->');
  return `${before}<!-- diagram -->\n${diagramBlock()}\n<!-- /diagram -->${after}`;
}

function diagramBlock(): string {
  return ['```mermaid', stateDiagram(), '```'].join('\n');
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the page has no ${mark.trim()}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

/** The prefix of a code's family. An unknown type is a mistake in a call, not the failure of a task. */
function familyOf(code: ErrorCode): string {
  return FAMILIES.find(({ prefix }) => code.startsWith(prefix) && code !== 'TASK_TYPE_UNKNOWN')?.prefix ?? '';
}

function errorSection(code: ErrorCode, entry: ErrorEntry): readonly string[] {
  return [
    `### ${code}`,
    '',
    entry.summary,
    '',
    `- **Cause:** ${entry.cause}`,
    `- **What to do:** ${entry.fix}`,
    `- **Retryable:** ${entry.retryable ? 'yes' : 'no'}`,
    '',
  ];
}
