import { AREAS, REDACTED, THROUGH, type Area, type Case } from '../test/core/isolation/cases.ts';
import { isolationOf } from '../src/lib/task-system/policy/sandbox/isolation.ts';
import { ISOLATION_DIMENSIONS, ISOLATION_LEVELS, type IsolationLevel } from '../src/lib/task-system/types/Isolation.ts';

const LEVELS = [...ISOLATION_LEVELS].reverse();

/** Puts the tables of what each level gives and stops, made from the cases of the isolation suite, into the page. */
export function withMatrix(page: string): string {
  const parts = { dimensions: dimensionTable(), matrix: AREAS.map(areaTable).join('\n\n') };
  return Object.entries(parts).reduce((text, [name, part]) => (
    text.replace(new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`), (_, before: string, after: string) => `${before}\n${part}\n\n${after}`)
  ), page);
}

function dimensionTable(): string {
  return table(['what', ...LEVELS.map(code)], ISOLATION_DIMENSIONS.map((dimension) => [dimension, ...LEVELS.map((level) => isolationOf(level).dimensions[dimension])]));
}

function areaTable({ title, cases, elsewhere = [] }: Area): string {
  const rows = cases.map((entry) => [`${entry.id}: ${entry.does}`, ...LEVELS.map((level) => cellOf(entry, level))]);
  const others = elsewhere.map(({ id, does, outcome, test }) => `- ${id}: a task that ${does}: ${outcome}, at every level (\`${test}\`).`);
  return [`### ${title}`, '', table(['a task …', ...LEVELS.map(code)], rows), ...others.length === 0 ? [] : ['', ...others]].join('\n');
}

function cellOf({ outcomes, isContained }: Case, level: IsolationLevel): string {
  const [outcome = ''] = outcomes[level].split('|');
  if (outcome === THROUGH) return level === 'kernel' && isContained === true ? 'can, inside its sandbox' : '**leaks**';
  return HARMLESS[outcome] ?? (/^(TASK_|ERR_|E[A-Z0-9]+$)/.test(outcome) ? `stopped: ${code(outcome)}` : 'stopped');
}

/** What outcomes mean that are no errors. */
const HARMLESS: Readonly<Record<string, string>> = {
  ABSENT: 'nothing there', EMPTY: 'nothing there', NONE: 'nothing there', COMPLETED: 'nothing stays of it', FIRST: 'the first one counts', done: 'slowed down, no harm', [REDACTED]: 'taken out',
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
