import type { TokenCounter } from '../TokenCounter.ts';
import type { Gathered } from './Gatherer.ts';
import { formatNote, type Note, type NoteMessage } from './note.ts';

/** More than that nobody reads: what is left of a large budget is better spent on the messages themselves. */
export const MAX_NOTE_TOKENS = 8_000;
/** Of the note's room, what tool names and errors may take before the values. */
const HEAD_SHARE = 0.15;
const SUMMARY_SHARE = 0.5;

/** The best note of at most `left` tokens; undefined where not even its first line fits. */
export function fillNote(gathered: Gathered, left: number, counter: TokenCounter): NoteMessage | undefined {
  const room = Math.min(left, MAX_NOTE_TOKENS);
  const size = (content: string): number => counter.countMessage({ role: 'user', content });
  const bare: Note = { messages: gathered.messages, calls: new Map<string, number>(), errors: [], entries: [], summary: '' };
  let head: Note = { ...bare, summary: size(formatNote({ ...bare, summary: gathered.summary })) <= room * SUMMARY_SHARE ? gathered.summary : '' };
  if (size(formatNote(head)) > room) return undefined;
  for (const more of [{ calls: gathered.calls }, { errors: gathered.errors }]) {
    const richer = { ...head, ...more };
    const own = size(formatNote(richer)) - size(formatNote({ ...bare, summary: head.summary }));
    if (own <= room * HEAD_SHARE && size(formatNote(richer)) <= room) head = richer;
  }
  // Estimated entry by entry, then made exact: what tokens a text takes depends on what stands around it.
  const estimated = estimate(gathered.entries, room - size(formatNote(head)), counter);
  let entries = estimated;
  for (;;) {
    const content = formatNote({ ...head, entries });
    const over = size(content) - room;
    if (over <= 0 || entries.length === 0) return { role: 'user', content };
    entries = entries.slice(0, Math.max(0, entries.length - Math.max(1, Math.floor(over / 6))));
  }
}

function estimate(entries: Gathered['entries'], room: number, counter: TokenCounter): Gathered['entries'] {
  const keys = new Set<string>();
  const taken: (typeof entries)[number][] = [];
  let used = 0;
  let misses = 0;
  for (const entry of entries) {
    const tokens = counter.countText(`, ${entry.value}`) + (keys.has(entry.key) ? 0 : counter.countText(`\n- ${entry.key}:`));
    if (used + tokens > room) {
      // A shorter one may still fit, but not for long.
      if (++misses > 8) break;
      continue;
    }
    keys.add(entry.key);
    taken.push(entry);
    used += tokens;
  }
  return taken;
}
