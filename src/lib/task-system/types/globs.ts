/**
 * Whether a text fits a pattern in which `*` stands for any characters and, if `single` is given, `?` for one. Takes time in proportion
 * to both lengths at worst, whatever the pattern: no text can make it hang.
 */
export function fitsGlob(pattern: string, text: string, single = false): boolean {
  let [at, position, star, mark] = [0, 0, -1, 0];
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      mark = position;
    } else if (at < pattern.length && (pattern[at] === text[position] || (single && pattern[at] === '?'))) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** Whether a list of names fits a list of patterns, of which `**` stands for any number of names. */
export function fitsNames(patterns: readonly string[], names: readonly string[], fits: (pattern: string, name: string) => boolean): boolean {
  // Row by row, so that many `**` cost a product of lengths and not all ways to share the names out.
  let reached = Array.from({ length: names.length + 1 }, (_, index) => index === 0);
  for (const pattern of patterns) {
    const next = reached.map(() => false);
    for (let index = 0; index <= names.length; index++) {
      if (pattern === '**') next[index] = reached[index] === true || (index > 0 && next[index - 1] === true);
      else next[index] = index > 0 && reached[index - 1] === true && fits(pattern, names[index - 1] ?? '');
    }
    reached = next;
  }
  return reached[names.length] === true;
}
