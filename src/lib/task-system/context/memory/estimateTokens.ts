/** Letters of one kind that follow each other, with the space before them; up to three digits; and everything else by itself. */
const PIECES = / ?[a-z]+| ?[A-Z]+|[0-9]{1,3}|\s|[^\sa-zA-Z0-9]/g;
/** Of every letter but the first, which may be a token of its own. Words have more; what is no word, such as base64, has not. */
const LETTERS_PER_TOKEN = 2;

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
  if (/[a-zA-Z]$/.test(piece)) return 1 + Math.floor(piece.trimStart().length / LETTERS_PER_TOKEN);
  return /^[0-9]/.test(piece) ? 1 : Buffer.byteLength(piece);
}
