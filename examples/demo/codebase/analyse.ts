/** A note that somebody left in the code. */
export interface FoundTodo {
  readonly kind: 'TODO' | 'FIXME';
  /** 1-based. */
  readonly line: number;
  /** What it says, at most {@link MAX_TODO_CHARACTERS} characters. */
  readonly text: string;
}

/** Longer notes are cut. */
export const MAX_TODO_CHARACTERS = 120;

/** The word has to open a comment (or a line of prose): names such as `TODO_LIST` and words inside strings do not count. */
const TODO = /(?:\/\/+|\/\*+|^\s*\*|#+|<!--|--|;;|%|^\s*[-*]?\s*(?:\[ \]\s*)?)\s*@?(TODO|FIXME)\b(?=[:(\s!-]|$)(?:\([^)]*\))?[:\s!-]*(.*)/;

const COMMENT_END = /\s*(?:\*\/|-->|\*\)).*$/;

/** Number of lines; a last line without a line feed counts, an empty text has none. */
export function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return text === '' || text.endsWith('\n') ? lines : lines + 1;
}

/** Every TODO and FIXME that opens a comment, in order. */
export function findTodos(text: string): FoundTodo[] {
  if (!text.includes('TODO') && !text.includes('FIXME')) return [];
  return text.split('\n').flatMap((content, index) => {
    const match = content.length > 2_000 ? null : TODO.exec(content);
    if (match === null) return [];
    const note = (match[2] ?? '').replace(COMMENT_END, '').trim();
    return [{ kind: match[1] === 'FIXME' ? 'FIXME' : 'TODO', line: index + 1, text: note.slice(0, MAX_TODO_CHARACTERS).toWellFormed() }] as const;
  });
}
