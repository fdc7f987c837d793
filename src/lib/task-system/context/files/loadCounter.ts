import { TaskSystemError } from '../../types/Errors.ts';

/** Text is text: without this the tokenizer throws on a file that contains `<|endoftext|>`. */
const PLAIN = { disallowedSpecial: new Set<string>() };
/** The tokenizer's time grows with the square of a run of letters, so long ones are counted in pieces: a few tokens too many, never too few. */
const LONG_RUN = /\S{256,}|\s{256,}/g;
const PIECE = /[\s\S]{1,256}/gu;

type Count = (text: string, options: typeof PLAIN) => number;

/**
 * Loads the tokenizer and returns its count of a text.
 * @throws TaskSystemError `CONTEXT_UNAVAILABLE` when it cannot be loaded.
 */
export function loadCounter(encoding: 'o200k' | 'cl100k'): (text: string) => number {
  const count = load(encoding);
  const remembered = new Map<string, number>();
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    let tokens = 0;
    let start = 0;
    for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
      tokens += countOf(text.slice(start, index), count);
      for (const [piece] of run.matchAll(PIECE)) tokens += count(piece, PLAIN);
      start = index + run.length;
    }
    tokens += countOf(text.slice(start), count);
    remembered.set(text, tokens);
    return tokens;
  };
}

function countOf(text: string, count: Count): number {
  return text === '' ? 0 : count(text, PLAIN);
}

/** Not an import: what a bundler would put in front of everything is needed by few tasks. */
function load(encoding: 'o200k' | 'cl100k'): Count {
  const name = `gpt-tokenizer/encoding/${encoding}_base`;
  let loaded: unknown;
  try {
    loaded = process.getBuiltinModule('node:module').createRequire(import.meta.url)(name);
  } catch (cause) {
    throw new TaskSystemError('CONTEXT_UNAVAILABLE', `${name} cannot be loaded`, {}, { cause });
  }
  if (hasCount(loaded)) return loaded.countTokens;
  throw new TaskSystemError('CONTEXT_UNAVAILABLE', `${name} is not what it should be`);
}

function hasCount(value: unknown): value is { readonly countTokens: Count } {
  return typeof value === 'object' && value !== null && 'countTokens' in value && typeof value.countTokens === 'function';
}
