import { entryComment, mergeEntries, readComment, sumOf, type StoredEntry } from './MemoryEntry.ts';
import { estimateTokens } from './estimateTokens.ts';

const BEGIN = '<!-- task-system:memory:begin -->';
const END = '<!-- task-system:memory:end -->';
const TITLE = '## What tasks did';

/** What came of adding an entry to a text. */
export interface MemoryEdit {
  readonly kind: 'added' | 'known' | 'damaged';
  /** The new text; the old one unless something was added. */
  readonly text: string;
  /** Entries that had to go for want of room, oldest first. */
  readonly evicted: readonly StoredEntry[];
  /** The lines that were added, and those that went. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** A piece of the managed section: an entry as it was written, or text that is somebody's own. */
type Part = { readonly kind: 'entry'; readonly entry: StoredEntry } | { readonly kind: 'own'; readonly text: string; readonly ids: readonly string[] };

/**
 * Adds an entry to the managed section of a memory file, at its top, and makes the section if there is none. Works on text of one
 * byte per character ("latin1"), so that everything outside the section, and whatever a person wrote or changed inside it, stays
 * byte for byte as it is, in whatever encoding. An entry of a task that is known already is not added again; one that says the
 * same as another takes its place. Entries over `maxTokens` leave, oldest first; the new one always stays.
 */
export function addEntry(text: string, entry: StoredEntry, maxTokens: number): MemoryEdit {
  const unchanged = { text, evicted: [], added: [], removed: [] };
  const eol = lineEndingOf(text);
  const section = findSection(text);
  if (section === 'damaged') return { kind: 'damaged', ...unchanged };
  const parts = section === undefined ? [] : readParts(section.inside);
  if (parts.some((part) => idsOf(part).some((id) => entry.ids.includes(id)))) return { kind: 'known', ...unchanged };
  const twin = parts.find((part) => part.kind === 'entry' && part.entry.key === entry.key);
  const merged = twin?.kind === 'entry' ? mergeEntries(twin.entry, entry) : entry;
  const kept = parts.filter((part) => part !== twin);
  const evicted = oversize(kept, merged, maxTokens);
  const left = kept.filter((part) => part.kind === 'own' || !evicted.includes(part.entry));
  const removed = [...(twin?.kind === 'entry' ? [twin.entry] : []), ...evicted].flatMap(({ lines }) => lines);
  const edit = { kind: 'added', evicted, added: merged.lines, removed } as const;
  if (section === undefined) return { ...edit, text: withSection(text, merged, eol) };
  return { ...edit, text: section.before + writeParts(left, merged, eol) + section.after };
}

/** An entry as the lines of a file, each of them ended. Its text becomes one byte per character. */
export function writeEntry(entry: StoredEntry, eol: string): string {
  return [entryComment(entry), ...entry.lines].map((line) => toBytes(line) + eol).join('');
}

/** The tasks whose entries stand in a text, wherever. */
export function idsIn(text: string): readonly string[] {
  return linesOf(text).flatMap((line) => readComment(line)?.ids ?? []);
}

/** The managed section, its markers outside; undefined when there is none. */
function findSection(text: string): { readonly before: string; readonly inside: string; readonly after: string } | 'damaged' | undefined {
  const begins: number[] = [];
  const ends: { readonly start: number; readonly line: string }[] = [];
  let offset = 0;
  for (const line of linesOf(text)) {
    const bare = line.trim().replace(/^\u00ef\u00bb\u00bf/, '');
    if (bare === BEGIN) begins.push(offset + line.length);
    if (bare === END) ends.push({ start: offset, line });
    offset += line.length;
  }
  const [begin] = begins;
  const [end] = ends;
  if (begin === undefined && end === undefined) return undefined;
  if (begin === undefined || end === undefined || begins.length > 1 || ends.length > 1 || end.start < begin) return 'damaged';
  return { before: text.slice(0, begin), inside: text.slice(begin, end.start), after: text.slice(end.start) };
}

function readParts(inside: string): readonly Part[] {
  const lines = linesOf(inside);
  const parts: Part[] = [];
  for (let index = 0; index < lines.length;) {
    const line = lines[index] ?? '';
    const comment = readComment(line);
    const body = comment === undefined ? [] : lines.slice(index + 1, index + 1 + comment.lineCount);
    const bare = body.map((each) => fromBytes(each.replace(/\r?\n$/, '')));
    if (body.length === comment?.lineCount && sumOf(bare) === comment.sum) {
      const { ids, time, times, key } = comment;
      parts.push({ kind: 'entry', entry: { ids, time, times, key, lines: bare } });
      index += 1 + body.length;
    } else {
      // An edited entry keeps its comment, and with it the knowledge that its task has been written about.
      parts.push({ kind: 'own', text: line, ids: comment?.ids ?? [] });
      index++;
    }
  }
  return parts;
}

/** The new entry goes before the others, after what somebody wrote above them. */
function writeParts(parts: readonly Part[], entry: StoredEntry, eol: string): string {
  const first = parts.findIndex((part) => idsOf(part).length > 0);
  const at = first < 0 ? parts.length : first;
  const write = (part: Part): string => (part.kind === 'own' ? part.text : writeEntry(part.entry, eol));
  return [...parts.slice(0, at).map(write), writeEntry(entry, eol), ...parts.slice(at).map(write)].join('');
}

function withSection(text: string, entry: StoredEntry, eol: string): string {
  const isBlank = text === '' || text === '\u00ef\u00bb\u00bf';
  const gap = isBlank ? '' : text.endsWith('\n') ? eol : eol + eol;
  return `${text}${gap}${[BEGIN, TITLE, ''].map((line) => line + eol).join('')}${writeEntry(entry, eol)}${END}${eol}`;
}

/** The oldest entries, until what is left fits. */
function oversize(parts: readonly Part[], entry: StoredEntry, maxTokens: number): readonly StoredEntry[] {
  const size = (stored: StoredEntry): number => estimateTokens([entryComment(stored), ...stored.lines].join('\n'));
  const entries = parts.flatMap((part) => (part.kind === 'entry' ? [part.entry] : [])).toSorted((left, right) => left.time - right.time);
  let total = entries.reduce((sum, stored) => sum + size(stored), size(entry));
  const evicted: StoredEntry[] = [];
  for (const oldest of entries) {
    if (total <= maxTokens) break;
    evicted.push(oldest);
    total -= size(oldest);
  }
  return evicted;
}

function idsOf(part: Part): readonly string[] {
  return part.kind === 'own' ? part.ids : part.entry.ids;
}

/** Lines with their endings. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** What most lines end with. */
function lineEndingOf(text: string): string {
  const all = text.match(/\n/g)?.length ?? 0;
  const windows = text.match(/\r\n/g)?.length ?? 0;
  return windows * 2 > all ? '\r\n' : '\n';
}

function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function fromBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}
