/** Letters of one kind that follow each other, up to three digits, white space, and everything else by itself. */
const PIECES = /[a-z]+|[A-Z]+|[0-9]{1,3}|\s+|[^\sa-zA-Z0-9]/g;
const LETTERS_PER_TOKEN = 3;

/**
 * How many tokens a text has, without a tokenizer: the host loads none. On the high side, so that what is bounded by it stays
 * within the bound when it is counted exactly.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(PIECES)) tokens += tokensOf(piece);
  return tokens;
}

function tokensOf(piece: string): number {
  const first = piece.charCodeAt(0);
  if (first > 127) return Buffer.byteLength(piece);
  if (first >= 48 && first <= 57) return 1;
  if (/[a-zA-Z]/.test(piece)) return Math.ceil(piece.length / LETTERS_PER_TOKEN);
  // A single space belongs to the word that follows.
  return piece === ' ' ? 0 : 1;
}
