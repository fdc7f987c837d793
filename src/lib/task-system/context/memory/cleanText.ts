/** Control, format (bidi, zero-width, tags), private and half characters, and letters that draw nothing. */
const INVISIBLE = /\p{Cc}|\p{Cf}|\p{Co}|\p{Cs}|[\u115f\u1160]|\u2800|\u3164|\uffa0|[\u{e0100}-\u{e01ef}]/gu;
/** What a terminal takes as a command, up to its end. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const ESCAPE_SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
/** What makes a line of Markdown more than text: headings, quotes, lists, rules, underlines of headings, tables. */
const BLOCK_MARKS = /^(?:\s|#+|[-*+=|>~]+|\d{1,9}[.)](?=\s))+/;
const SECRETS = new RegExp([
  '\\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}', '\\bgh[pousr]_[A-Za-z0-9]{20,}', '\\bgithub_pat_\\w{20,}', '\\bAKIA[0-9A-Z]{16}\\b', '\\bxox[abprs]-[A-Za-z0-9-]{10,}',
  '\\beyJ[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]*', '\\bBearer\\s+[\\w.~+/-]{16,}=*', '-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)',
].join('|'), 'gu');

/**
 * One line of plain text that is safe inside a Markdown file which people and models read: no control, bidirectional or invisible
 * characters, no HTML and no comments, no headings, lists or fences, no images, no well-known kinds of secrets.
 * It does not make text true or benign; it keeps text inside its line.
 * @param maxLength in UTF-16 units; longer text ends with "…".
 */
export function cleanText(text: string, maxLength: number): string {
  const visible = text.replace(ESCAPE_SEQUENCE, '').replace(/[\r\n\t\v\f\u0085\u2028\u2029]+/g, ' ').replace(INVISIBLE, '');
  const plain = neutralise(visible.replace(SECRETS, '[redacted]'));
  return shorten(plain.replace(/\s+/g, ' ').replace(BLOCK_MARKS, '').trim(), maxLength);
}

/** A name of a file, as one word in backticks can hold it. */
export function cleanName(name: string, maxLength: number): string {
  return cleanText(name, maxLength).replaceAll('`', "'");
}

function neutralise(text: string): string {
  return text
    .replace(/<!--.*?-->/gs, ' ')
    .replace(/--!?>/g, ' ')
    .replace(/<(?=[!/?\p{L}])/gu, '&lt;')
    .replace(/`{3,}|~{3,}/g, "'")
    .replace(/!\[/g, '[')
    .replace(/task-system:/gi, 'task-system ');
}

/** Never ends in half of a surrogate pair. */
function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, Math.max(0, maxLength - 1)).replace(/[\ud800-\udbff]$/, '').trimEnd()}…`;
}
