import { parseJson } from '../../types/Json.ts';
import { isRecord } from '../isRecord.ts';

/** A value worth remembering, and the name under which it stood, if any. */
export interface FoundValue {
  readonly value: string;
  readonly key: string;
  /** How many values stood under this name in the same text: one of fifty is less likely to matter than one of one. */
  readonly siblings: number;
  /** 0 to 1: how much it looks like something that a later step must repeat exactly. */
  readonly shape: number;
}

const MIN_LENGTH = 2;
const MAX_LENGTH = 120;
const MAX_DEPTH = 12;

/** What to look for in running text, the surest first. No pattern can take more than linear time. */
const PATTERN = new RegExp([
  String.raw`(?<url>\b[a-z][a-z0-9+.-]{1,12}:\/\/[^\s"'<>()\[\]{}]{1,200})`,
  String.raw`(?<mail>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){1,4})`,
  String.raw`(?<path>(?:~|\.{1,2}|[\w.@-]{1,64})?(?:[\/\\][\w.@-]{1,64}){2,20}|[\w-]{1,64}\.[a-z]{1,4}\b(?!\.))`,
  '(?<quoted>"[^"\\n]{1,120}"|`[^`\\n]{1,120}`|(?<![\\w])\'[^\'\\n]{2,80}\'(?!\\w))',
  String.raw`(?<code>#?\b(?=[\w:.-]{0,40}\d)[A-Za-z\d](?:[\w:.-]{0,62}\w)?)`,
  String.raw`(?<joined>\b[A-Za-z]\w*[_][\w-]{0,60}\w)`,
  String.raw`(?<capitals>\b[A-Z]{2,12}\b)`,
  String.raw`(?<name>\b\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+){0,3})`,
].join('|'), 'gu');

const SHAPES: Readonly<Record<string, number>> = { url: 1, mail: 1, path: 0.8, quoted: 0.8, code: 1, joined: 0.9, capitals: 0.8, name: 0.5 };

const KINDS = Object.keys(SHAPES);

/** Finds the values in a text: by its structure when it is JSON, else by their looks. Knows nothing of any domain. */
export function findValues(text: string): readonly FoundValue[] {
  const parsed = tryParse(text);
  return parsed === undefined ? valuesOfText(text) : valuesOfJson(parsed);
}

/** The leaves of a JSON value, and keys that are values themselves, such as ids that lead to records. */
export function valuesOfJson(root: unknown): readonly FoundValue[] {
  const found: FoundValue[] = [];
  const counts = new Map<string, number>();
  const add = (value: string, key: string, shape: number): void => {
    if (value.length < MIN_LENGTH || value.length > MAX_LENGTH) return;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    found.push({ value, key, shape, siblings: 0 });
  };
  const walk = (value: unknown, key: string, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    if (typeof value === 'string') {
      if (value.length > MAX_LENGTH) found.push(...valuesOfText(value));
      else add(value, key, shapeOf(value));
    } else if (typeof value === 'number') add(String(value), key, 0.5);
    else if (Array.isArray(value)) for (const item of value) walk(item, key, depth + 1);
    else if (isRecord(value)) for (const [name, item] of Object.entries(value)) {
      const isValue = /\d/.test(name);
      if (isValue) add(name, key, 1);
      walk(item, isValue ? key : name, depth + 1);
    }
  };
  walk(root, '', 0);
  return found.map((item) => (item.siblings === 0 ? { ...item, siblings: counts.get(item.key) ?? 1 } : item));
}

function valuesOfText(text: string): readonly FoundValue[] {
  const found: FoundValue[] = [];
  for (const match of text.matchAll(PATTERN)) {
    const groups: Readonly<Record<string, string | undefined>> = match.groups ?? {};
    const kind = KINDS.find((name) => groups[name] !== undefined) ?? '';
    const value = kind === 'quoted' ? match[0].slice(1, -1) : match[0];
    // The first word of a sentence is written large whatever it is.
    if (kind === 'name' && !value.includes(' ') && startsSentence(text, match.index)) continue;
    if (value.length >= MIN_LENGTH && value.length <= MAX_LENGTH) found.push({ value, key: '', siblings: 1, shape: SHAPES[kind] ?? 0.5 });
  }
  return found;
}

/** Ids and codes are short, without spaces, and hold digits or signs that words do not. */
function shapeOf(value: string): number {
  if (/\d/.test(value)) return value.includes(' ') ? 0.7 : 1;
  if (value.includes(' ')) return value.length > 40 ? 0.2 : 0.5;
  return /[_@/\\]|^[A-Z]{2,}$/.test(value) ? 0.9 : 0.6;
}

function startsSentence(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 3), index).trimEnd();
  return before === '' ? index < 3 : /[.!?:\n*-]$/.test(before) || text[index - 1] === '\n';
}

function tryParse(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
