const HEADING = /^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const MAX_TITLES = 4;
const MAX_TITLE = 40;

interface Section {
  readonly title: string | undefined;
  readonly text: string;
}

/**
 * Makes a Markdown text fit a budget: whole sections (what stands under one heading) as long as they fit, in their order; the first
 * that does not is cut at the end of a line. Where something is missing a marker says so, and of which sections. The marker is part
 * of the budget; where not even that fits, nothing is left.
 */
export function cutText(name: string, text: string, maxTokens: number, countText: (text: string) => number): string {
  if (countText(text) <= maxTokens) return text;
  for (let room = maxTokens; room > 0; room = Math.floor(room * 0.9) - 1) {
    const cut = fill(name, sectionsOf(text), room, countText);
    // Tokens of parts do not add up exactly: what counts is the whole.
    if (countText(cut) <= maxTokens) return cut;
  }
  return '';
}

function fill(name: string, sections: readonly Section[], maxTokens: number, countText: (text: string) => number): string {
  const reserve = countText(markerOf(name, sections.map(({ title }) => title)));
  let left = maxTokens - reserve;
  let hasCut = false;
  const parts: string[] = [];
  let missing: (string | undefined)[] = [];
  const mark = (): void => {
    if (missing.length > 0) parts.push(`${markerOf(name, missing)}\n`);
    missing = [];
  };
  for (const { title, text } of sections) {
    const tokens = countText(text);
    const kept = tokens <= left ? text : hasCut ? '' : headOf(text, left, countText);
    if (kept === '') {
      missing.push(title);
      hasCut = true;
      continue;
    }
    // Every later gap needs a marker of its own.
    if (missing.length > 0) left -= countText(markerOf(name, missing));
    mark();
    parts.push(kept);
    left -= countText(kept);
    if (kept !== text) {
      hasCut = true;
      missing.push(title);
    }
  }
  mark();
  return parts.join('').trimEnd();
}

function markerOf(name: string, titles: readonly (string | undefined)[]): string {
  const named = [...new Set(titles.filter((title) => title !== undefined && title !== ''))];
  const shown = named.slice(0, MAX_TITLES).map((title) => `"${String(title).slice(0, MAX_TITLE)}"`).join(', ');
  const more = named.length > MAX_TITLES ? ` and ${String(named.length - MAX_TITLES)} more` : '';
  return `[… left out of ${name} to fit its budget${shown === '' ? '' : `: ${shown}${more}`} …]`;
}

/** As many whole lines from the beginning as fit. */
function headOf(text: string, maxTokens: number, countText: (text: string) => number): string {
  const lines = text.split('\n');
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (countText(lines.slice(0, middle).join('\n')) <= maxTokens) low = middle;
    else high = middle - 1;
  }
  // A heading alone says nothing that its place in the marker does not say.
  const kept = lines.slice(0, low);
  const hasBody = kept.some((line) => line.trim() !== '' && !HEADING.test(line));
  return hasBody ? `${kept.join('\n')}\n` : '';
}

/** What stands under each heading, headings inside of fenced code not counted. Together they are the text. */
function sectionsOf(text: string): readonly Section[] {
  const sections: { title: string | undefined; text: string }[] = [];
  let fence: string | undefined;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const mark = FENCE.exec(line)?.[1];
    const title = fence === undefined ? HEADING.exec(line.trimEnd())?.[1] : undefined;
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) === true) fence = undefined;
    const last = sections.at(-1);
    if (title === undefined && last !== undefined) last.text += line;
    else sections.push({ title, text: line });
  }
  return sections;
}
