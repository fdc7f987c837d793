import { isSlight, looksOf, SLIGHT } from './looks.ts';

/** What to look for in running text, the surest first. No pattern can take more than linear time. */
const PATTERN = new RegExp([
  String.raw`(?<url>\b[a-z][a-z0-9+.-]{1,12}:\/\/[^\s"'<>()\[\]{}]{1,200})`,
  String.raw`(?<mail>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){1,4})`,
  String.raw`(?<path>(?:~|\.{1,2}|[\w.@-]{1,64})?(?:[\/\\][\w.@-]{1,64}){2,20}|[\w-]{1,64}\.[a-z]{1,4}\b(?!\.))`,
  String.raw`["'${'`'}]?(?<key>\b[A-Za-z_][\w-]{0,38})["'${'`'}]?\s?[:=]\s?(?:"(?<double>[^"\n]{1,120})"|'(?<single>[^'\n]{1,120})')`,
  '(?<quoted>"[^"\\n]{1,120}"|`[^`\\n]{1,120}`|(?<![\\w])\'[^\'\\n]{2,80}\'(?!\\w))',
  String.raw`(?<code>#?\b(?=[\w:.-]{0,40}\d)[A-Za-z\d](?:[\w:.-]{0,62}\w)?)`,
  String.raw`(?<joined>\b[A-Za-z]\w*[_][\w-]{0,60}\w)`,
  String.raw`(?<capitals>\b[A-Z]{2,12}\b)`,
  String.raw`(?<name>\b\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+){0,3})`,
].join('|'), 'gu');

const SHAPES: Readonly<Record<string, number>> = { url: 1, mail: 1, path: 0.8, double: 0.8, single: 0.8, quoted: 0.8, code: 1, joined: 0.9, capitals: 0.8, name: 0.5 };
const KINDS = Object.keys(SHAPES);
/** A line such as `- **Order number:** W123` or `status: open`. */
const LABELLED = /^[\s>]{0,20}(?:[-*•]\s{1,4}|\d{1,3}[.)]\s{1,4})?\*{0,2}(?<label>[A-Za-z][\w .#/-]{0,38}?)\*{0,2}\s?:\*{0,2}\s{1,4}(?<rest>\S.{0,4000})$/;
/** A line that is one name and nothing else, as in a list of files. */
const ALONE = /^[\s>]{0,20}(?:[-*•]\s{1,4})?(?<value>[\w.@/-]{3,80})\s{0,4}$/;
const MAX_WORDS = 4;

/** A value and the name before it, if there is one. */
interface NamedValue {
  readonly value: string;
  readonly key: string;
  readonly shape: number;
}

/** Finds the values in running text, line by line. */
export function valuesOfText(text: string): readonly NamedValue[] {
  return text.split('\n').flatMap((line) => {
    const { label = '', rest = line } = LABELLED.exec(line)?.groups ?? {};
    const { value } = ALONE.exec(rest)?.groups ?? {};
    if (value !== undefined) return [{ value, key: label, shape: looksOf(value) }];
    const whole = rest.trim();
    const isShort = label !== '' && whole.length <= 60 && whole.split(' ').length <= MAX_WORDS;
    return [...(isShort ? [{ value: whole, key: label, shape: looksOf(whole) }] : []), ...matchesIn(rest, label)];
  });
}

function matchesIn(line: string, label: string): readonly NamedValue[] {
  const found: NamedValue[] = [];
  for (const match of line.matchAll(PATTERN)) {
    const groups: Readonly<Record<string, string | undefined>> = match.groups ?? {};
    const kind = KINDS.find((name) => groups[name] !== undefined) ?? '';
    const value = kind === 'quoted' ? match[0].slice(1, -1) : groups[kind] ?? match[0];
    // The first word of a sentence is written large whatever it is.
    if (kind === 'name' && !value.includes(' ') && startsSentence(line, match.index)) continue;
    found.push({ value, key: groups['key'] ?? label, shape: isSlight(value) ? SLIGHT : SHAPES[kind] ?? 0.5 });
  }
  return found;
}

function startsSentence(line: string, index: number): boolean {
  const before = line.slice(Math.max(0, index - 3), index).trimEnd();
  return before === '' ? index < 3 : /[.!?:*-]$/.test(before);
}
