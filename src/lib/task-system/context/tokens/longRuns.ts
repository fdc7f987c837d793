/** From this many characters on a piece goes to our own merging; below it the tokenizer's is quick enough. */
export const LONG_PIECE = 128;

const SPACE = 0x20;
const LAST_ASCII = 0x7f;

/**
 * Whether a text may hold a piece of at least {@link LONG_PIECE} characters: a run of letters, of signs, or of spaces. Sees them
 * where there are none (it takes every character beyond ASCII for each of the three), but misses none.
 */
export function mayHoldLongPiece(text: string): boolean {
  if (text.length < LONG_PIECE) return false;
  let letters = 0;
  let signs = 0;
  let spaces = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const isOther = code > LAST_ASCII;
    letters = isOther || isLetter(code) ? letters + 1 : 0;
    spaces = isOther || code <= SPACE ? spaces + 1 : 0;
    signs = isOther || isSign(code) ? signs + 1 : 0;
    // Line breaks may end a run of signs and belong to it, hence the sum.
    if (letters >= LONG_PIECE - 8 || signs >= LONG_PIECE / 2 || spaces >= LONG_PIECE / 2) return true;
  }
  return false;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function isSign(code: number): boolean {
  return code > SPACE && !isLetter(code) && !(code >= 0x30 && code <= 0x39);
}
