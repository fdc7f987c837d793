/** What every model allows: OpenAI's and Anthropic's rules have these in common. */
const MAX_LENGTH = 64;

/**
 * Names for models, who may use letters, digits, `_` and `-` only: every other character becomes `_`. Where two tools would be called
 * the same, the later one by name gets a number. The same names always give the same result.
 */
export function modelNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const result = new Map<string, string>();
  // A name that needs no change keeps it, whoever comes first.
  const sorted = [...new Set(names)].sort((left, right) => Number(plain(left) !== left) - Number(plain(right) !== right) || (left < right ? -1 : 1));
  for (const name of sorted) {
    const base = plain(name);
    let candidate = base;
    for (let number = 2; taken.has(candidate); number++) candidate = `${base.slice(0, MAX_LENGTH - 1 - String(number).length)}_${String(number)}`;
    taken.add(candidate);
    result.set(name, candidate);
  }
  return result;
}

function plain(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_LENGTH);
}
