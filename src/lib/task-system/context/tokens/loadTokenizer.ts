import { TaskSystemError } from '../../types/Errors.ts';
import { isRecord } from '../../types/isRecord.ts';
import { BytePairs, type Vocabulary } from './BytePairs.ts';
import { LONG_PIECE, mayHoldLongPiece } from './longRuns.ts';

/** A vocabulary for tokens: `o200k` for GPT-4o and newer, `cl100k` for GPT-4 and GPT-3.5. */
export type TokenEncoding = 'o200k' | 'cl100k';

const SPLIT_PATTERNS = { o200k: 'O200K_TOKEN_SPLIT_REGEX', cl100k: 'CL100K_TOKEN_SPLIT_REGEX' } as const satisfies Record<TokenEncoding, string>;
/** Text is text: without this the tokenizer throws on a user who writes `<|endoftext|>`. */
const PLAIN = { disallowedSpecial: new Set<string>() };
/** Pieces whose tokens the tokenizer remembers; its own default of 100,000 may hold 17 MB. */
const REMEMBERED_PIECES = 10_000;

interface EncodingModule {
  readonly countTokens: (text: string, options: typeof PLAIN) => number;
  readonly setMergeCacheSize: (size: number) => void;
}

/**
 * Loads the tokenizer (about 0.1 s and 70 MB for `o200k`, half of it for `cl100k`) and returns its exact count.
 * @throws TaskSystemError `TOKENIZER_UNAVAILABLE` when it cannot be loaded.
 */
export function loadTokenizer(encoding: TokenEncoding): (text: string) => number {
  const name = `${encoding}_base`;
  const { countTokens, setMergeCacheSize } = load(`encoding/${name}`, isEncoding);
  setMergeCacheSize(REMEMBERED_PIECES);
  const count = (text: string): number => (text === '' ? 0 : countTokens(text, PLAIN));
  let countLong: ((text: string) => number) | undefined;
  return (text) => {
    if (!mayHoldLongPiece(text)) return count(text);
    countLong ??= countWithLongPieces(encoding, count);
    return countLong(text);
  };
}

/** Splits as the tokenizer does, counts the long pieces with our own merging, and leaves the rest to it. */
function countWithLongPieces(encoding: TokenEncoding, count: (text: string) => number): (text: string) => number {
  const pattern = load('encodingParams/constants', hasPattern(encoding))[SPLIT_PATTERNS[encoding]];
  let pairs: BytePairs | undefined;
  return (text) => {
    let tokens = 0;
    let start = 0;
    for (const { 0: piece, index } of text.matchAll(pattern)) {
      if (piece.length < LONG_PIECE) continue;
      pairs ??= new BytePairs(load(`bpeRanks/${encoding}_base`, isVocabulary).default);
      tokens += count(text.slice(start, index)) + pairs.count(piece);
      start = index + piece.length;
    }
    return tokens + count(text.slice(start));
  };
}

/** Not an import: the tokenizer must not be read before somebody counts, and counting is synchronous. */
function load<Module>(name: string, isModule: (value: unknown) => value is Module): Module {
  const { createRequire } = process.getBuiltinModule('node:module');
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)(`gpt-tokenizer/${name}`);
  } catch (cause) {
    throw new TaskSystemError('TOKENIZER_UNAVAILABLE', `gpt-tokenizer/${name} cannot be loaded`, {}, { cause });
  }
  if (isModule(loaded)) return loaded;
  throw new TaskSystemError('TOKENIZER_UNAVAILABLE', `gpt-tokenizer/${name} is not what version 4 has there`);
}

function isEncoding(value: unknown): value is EncodingModule {
  return isRecord(value) && typeof value['countTokens'] === 'function' && typeof value['setMergeCacheSize'] === 'function';
}

function isVocabulary(value: unknown): value is { readonly default: Vocabulary } {
  return isRecord(value) && Array.isArray(value['default']);
}

function hasPattern<Encoding extends TokenEncoding>(encoding: Encoding): (value: unknown) => value is Readonly<Record<(typeof SPLIT_PATTERNS)[Encoding], RegExp>> {
  return (value): value is Readonly<Record<(typeof SPLIT_PATTERNS)[Encoding], RegExp>> => isRecord(value) && value[SPLIT_PATTERNS[encoding]] instanceof RegExp;
}
