import { parseJson } from '../../types/Json.ts';
import { isRecord } from '../../types/isRecord.ts';
import { looksOf } from './looks.ts';
import { valuesOfText } from './textValues.ts';

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

/** Finds the values in a text: by its structure when it is JSON, else by their looks. Knows nothing of any domain. */
export function findValues(text: string): readonly FoundValue[] {
  const parsed = tryParse(text);
  return parsed === undefined ? textValues(text) : valuesOfJson(parsed);
}

/** The leaves of a JSON value, and keys that are values themselves, such as ids that lead to records. */
function valuesOfJson(root: unknown): readonly FoundValue[] {
  const found: FoundValue[] = [];
  const counts = new Map<string, number>();
  const add = (value: string, key: string, shape: number): void => {
    if (!isUsable(value)) return;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    found.push({ value, key, shape, siblings: 0 });
  };
  const walk = (value: unknown, key: string, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    if (typeof value === 'string') {
      if (value.length > MAX_LENGTH) found.push(...textValues(value));
      else add(value, key, looksOf(value));
    } else if (typeof value === 'number') add(String(value), key, looksOf(String(value)));
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

/** The values of the arguments of a call, which may be no JSON. */
export function inputValues(input: unknown): readonly FoundValue[] {
  return typeof input === 'string' ? findValues(input) : valuesOfJson(input);
}

function textValues(text: string): readonly FoundValue[] {
  return valuesOfText(text).filter(({ value }) => isUsable(value)).map((found) => ({ ...found, siblings: 1 }));
}

function isUsable(value: string): boolean {
  return value.length >= MIN_LENGTH && value.length <= MAX_LENGTH;
}

function tryParse(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
