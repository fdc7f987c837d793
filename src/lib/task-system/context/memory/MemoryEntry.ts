import { createHash } from 'node:crypto';
import { cleanName, cleanText } from './cleanText.ts';

const MAX_SUMMARY = 600;
const MAX_NOTE = 400;
const MAX_NOTES = 12;
const MAX_NAME = 120;
const MAX_FILES = 12;
const MAX_IDS = 20;
const SUM_LENGTH = 16;

/** What is to be remembered of one task. Texts may be anything; they are cleaned when they are written. */
export interface MemoryEntry {
  readonly taskId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Name of the task type. */
  readonly type: string;
  readonly outcome: 'completed' | 'failed';
  readonly summary: string;
  /** Where the summary is from: the handler said it, it is the `summary` of the result, or it was made from known fields. */
  readonly source: 'noted' | 'summary' | 'recorded';
  /** More that the handler wants to be remembered. */
  readonly notes?: readonly string[];
  /** Files that the task has touched. */
  readonly files?: readonly string[];
}

/** An entry as it stands in a file. */
export interface StoredEntry {
  /** The tasks it speaks of, newest first; more than one when several said the same. */
  readonly ids: readonly string[];
  readonly time: number;
  /** How many tasks said the same. */
  readonly times: number;
  /** Identifies what is said, apart from when and by which task. */
  readonly key: string;
  /** The visible lines, without line endings. */
  readonly lines: readonly string[];
}

/** The form in which an entry is written. Deterministic. */
export function renderEntry(entry: MemoryEntry): StoredEntry {
  const summary = cleanText(entry.summary, MAX_SUMMARY) || 'nothing was said';
  const notes = (entry.notes ?? []).map((note) => cleanText(note, MAX_NOTE)).filter((note) => note !== '').slice(0, MAX_NOTES);
  const files = [...new Set((entry.files ?? []).map((name) => cleanName(name, MAX_NAME)).filter((name) => name !== ''))];
  const type = cleanName(entry.type, MAX_NAME);
  const said = [summary, ...notes.map((note) => `  - ${note}`), ...(files.length === 0 ? [] : [`  - Files: ${listOf(files)}`])];
  const key = digest([type, entry.outcome, ...said].map(simplify).join('\n'));
  return { ids: [cleanId(entry.taskId)], time: entry.time, times: 1, key, lines: linesOf(entry.time, 1, `${type} ${entry.outcome} (${entry.source}): ${said[0] ?? ''}`, said.slice(1)) };
}

/** One entry for two that say the same: the newer one, with the tasks of both. */
export function mergeEntries(older: StoredEntry, newer: StoredEntry): StoredEntry {
  const times = older.times + newer.times;
  const [head = '', ...rest] = newer.lines;
  return {
    ...newer,
    times,
    ids: [...new Set([...newer.ids, ...older.ids])].slice(0, MAX_IDS),
    time: Math.max(older.time, newer.time),
    lines: linesOf(Math.max(older.time, newer.time), times, head.replace(HEAD, ''), rest),
  };
}

/** The comment that stands before the lines of an entry and makes it known again. */
export function entryComment(entry: StoredEntry): string {
  const fields = { ids: entry.ids.join(','), at: new Date(entry.time).toISOString(), times: String(entry.times), key: entry.key, lines: String(entry.lines.length), sum: sumOf(entry.lines) };
  return `<!-- task-system:entry ${Object.entries(fields).map(([name, value]) => `${name}=${value}`).join(' ')} -->`;
}

/** What an entry's comment says, and how many lines belong to it; undefined for any other line. */
export function readComment(line: string): (Omit<StoredEntry, 'lines'> & { readonly lineCount: number; readonly sum: string }) | undefined {
  const found = COMMENT.exec(line.trim());
  if (found === null) return undefined;
  const [, ids = '', at = '', times = '', key = '', lineCount = '', sum = ''] = found;
  const time = Date.parse(at);
  return Number.isNaN(time) ? undefined : { ids: ids.split(','), time, times: Number(times), key, lineCount: Number(lineCount), sum };
}

/** Of the visible lines of an entry; another one means that somebody edited it. */
export function sumOf(lines: readonly string[]): string {
  return digest(lines.join('\n'));
}

const COMMENT = /^<!-- task-system:entry ids=([\w.,-]+) at=([\dTZ:.+-]+) times=(\d{1,6}) key=([0-9a-f]+) lines=(\d{1,3}) sum=([0-9a-f]+) -->$/;
const HEAD = /^- \d{4}-\d\d-\d\d \d\d:\d\d UTC (?:\(\d+ times\) )?/;

function linesOf(time: number, times: number, head: string, rest: readonly string[]): readonly string[] {
  const at = new Date(time).toISOString().slice(0, 16).replace('T', ' ');
  return [`- ${at} UTC ${times === 1 ? '' : `(${String(times)} times) `}${head}`, ...rest];
}

function listOf(files: readonly string[]): string {
  const shown = files.slice(0, MAX_FILES).join(', ');
  return files.length <= MAX_FILES ? shown : `${shown} and ${String(files.length - MAX_FILES)} more`;
}

/** What two texts have in common that say the same: no punctuation, no letter case, no duration. */
function simplify(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/ in \d+(?:\.\d+)? (?:ms|s|min|h)$/, '').replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

function cleanId(id: string): string {
  return id.replace(/[^\w.-]/g, '_').slice(0, MAX_NAME) || '_';
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, SUM_LENGTH);
}
