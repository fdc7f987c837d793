const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Characters that take two columns: East Asian wide forms and emoji. */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Characters that take none. */
const COMBINING = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Makes text from anywhere safe to print on one line: control characters (and so escape sequences) become spaces. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** Shortens a text to a number of columns; what is missing shows as `…`. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  let kept = '';
  let width = 1;
  for (const { segment } of segmenter.segment(text)) {
    width += segmentWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Shortens a text as {@link cut} does, but in its middle: of paths, the end tells more than the rest. */
export function cutMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const head = cut(text, Math.ceil(columns / 3));
  let tail = '';
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    if (widthOf(head) + widthOf(tail) + segmentWidth(segment) > columns) break;
    tail = segment + tail;
  }
  return head + tail;
}

/** Brings a text to exactly a number of columns. */
export function fit(text: string, columns: number, align: 'left' | 'right' = 'left', shorten = cut): string {
  const shown = shorten(text, columns);
  const space = ' '.repeat(Math.max(0, columns - widthOf(shown)));
  return align === 'left' ? shown + space : space + shown;
}

/** Breaks a sentence into lines of at most so many columns, between words; a longer word is left whole. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function segmentWidth(segment: string): number {
  if (COMBINING.test(segment)) return 0;
  return WIDE.test(segment) || /\p{Emoji_Presentation}/u.test(segment) ? 2 : 1;
}
