import { TaskSystemError } from '../../types/Errors.ts';
import { isRecord } from '../../types/isRecord.ts';
import { BytePairs, type Vocabulary } from './BytePairs.ts';
import { LONG_PIECE, mayHoldLongPiece } from './longRuns.ts';

/** A vocabulary for tokens: `o200k` for GPT-4o and newer, `cl100k` for GPT-4 and GPT-3.5. */
export type TokenEncoding = 'o200k' | 'cl100k';

/** Text is text: without this the tokenizer throws on a user who writes `<|endoftext|>`. */
const PLAIN = { disallowedSpecial: new Set<string>() };
/** Pieces whose tokens the tokenizer remembers; its own default of 100,000 may hold 17 MB. */
const REMEMBERED_PIECES = 10_000;

/** What `o200k.ts` and `cl100k.ts` export. */
interface Tokenizer {
  readonly countTokens: (text: string, options: typeof PLAIN) => number;
  readonly setMergeCacheSize: (size: number) => void;
  /** Splits text into pieces that are counted one by one. */
  readonly pattern: RegExp;
  readonly vocabulary: Vocabulary;
}

/**
 * Loads the tokenizer (about 0.1 s and 70 MB for `o200k`, half of it for `cl100k`) and returns its exact count.
 * @throws TaskSystemError `TOKENIZER_UNAVAILABLE` when it cannot be loaded.
 */
export function loadTokenizer(encoding: TokenEncoding): (text: string) => number {
  const tokenizer = load(encoding);
  tokenizer.setMergeCacheSize(REMEMBERED_PIECES);
  const count = (text: string): number => (text === '' ? 0 : tokenizer.countTokens(text, PLAIN));
  const countLong = countWithLongPieces(tokenizer, count);
  return (text) => (mayHoldLongPiece(text) ? countLong(text) : count(text));
}

/** Splits as the tokenizer does, counts the long pieces with our own merging, and leaves the rest to it. */
function countWithLongPieces({ pattern, vocabulary }: Tokenizer, count: (text: string) => number): (text: string) => number {
  const pairs = new BytePairs(vocabulary);
  return (text) => {
    let tokens = 0;
    let start = 0;
    for (const { 0: piece, index } of text.matchAll(pattern)) {
      if (piece.length < LONG_PIECE) continue;
      tokens += count(text.slice(start, index)) + pairs.count(piece);
      start = index + piece.length;
    }
    return tokens + count(text.slice(start));
  };
}

/** Not an import: the tokenizer must not be read before somebody counts, and counting is synchronous. */
function load(encoding: TokenEncoding): Tokenizer {
  const { createRequire } = process.getBuiltinModule('node:module');
  const path = pathOf(encoding);
  let loaded: unknown;
  try {
    loaded = createRequire(path)(path);
  } catch (cause) {
    throw new TaskSystemError('TOKENIZER_UNAVAILABLE', `${path} cannot be loaded`, { path }, { cause });
  }
  if (isTokenizer(loaded)) return loaded;
  throw new TaskSystemError('TOKENIZER_UNAVAILABLE', `${path} is not what belongs there`, { path });
}

/** From source it is the TypeScript file itself; in the package one bundled file beside the entry points. */
function pathOf(encoding: TokenEncoding): string {
  const file = import.meta.url.endsWith('.ts') ? `./${encoding}.ts` : `./tokenizer-${encoding}.cjs`;
  return process.getBuiltinModule('node:url').fileURLToPath(new URL(file, import.meta.url));
}

function isTokenizer(value: unknown): value is Tokenizer {
  return isRecord(value) && typeof value['countTokens'] === 'function' && typeof value['setMergeCacheSize'] === 'function'
    && value['pattern'] instanceof RegExp && Array.isArray(value['vocabulary']);
}
