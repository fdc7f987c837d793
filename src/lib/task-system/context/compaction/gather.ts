import type { ContextMessage, ReadMessage } from '../messages/readMessage.ts';
import { Ledger, type LedgerEntry, type ValueSource } from './Ledger.ts';
import { parseNote, type Note } from './note.ts';
import { findValues, valuesOfJson } from './values.ts';

const MAX_ERRORS = 3;
const MAX_ERROR_LENGTH = 160;

/** What is known of the messages that are left out. */
export interface Gathered extends Omit<Note, 'entries'> {
  /** Best first; without what can still be read in the conversation. */
  readonly entries: readonly LedgerEntry[];
}

/** Reads the messages at the places that were left out or shortened, and ranks what they held. */
export function gather(messages: readonly ContextMessage[], read: readonly ReadMessage[], places: { readonly left: ReadonlySet<number>; readonly masked: ReadonlySet<number> }, visible: string): Gathered {
  const ledger = new Ledger(messages.length);
  const calls = new Map<string, number>();
  const errors: string[] = [];
  let count = 0;
  let summary = '';
  const addCalls = (name: string, times: number): void => { calls.set(name, (calls.get(name) ?? 0) + times); };
  messages.forEach((message, place) => {
    const isLeft = places.left.has(place);
    const one = read[place];
    if (one === undefined || (!isLeft && !places.masked.has(place))) return;
    const note = isLeft && message.role === 'user' ? parseNote(message.content) : undefined;
    if (note !== undefined) {
      count += note.messages;
      ({ summary } = note);
      for (const [name, times] of note.calls) addCalls(name, times);
      errors.push(...note.errors);
      // Earlier entries come first in their note, which says how much they counted then.
      note.entries.forEach(({ key, value }, index) => { ledger.add([{ key, value, shape: 1 - 0.5 * index / note.entries.length, siblings: 1 }], 'note', place); });
      return;
    }
    if (isLeft) count++;
    for (const text of one.texts) ledger.add(findValues(text), sourceOf(message.role), place);
    for (const { name, input } of one.calls) {
      if (isLeft) addCalls(name, 1);
      ledger.add(typeof input === 'string' ? findValues(input) : valuesOfJson(input), 'call', place);
    }
    for (const { text, isError } of one.results) {
      ledger.add(findValues(text), 'result', place);
      if (isError && isLeft) errors.push(text.slice(0, MAX_ERROR_LENGTH).toWellFormed());
    }
  });
  return { messages: count, calls, errors: errors.slice(-MAX_ERRORS), summary, entries: ledger.rank().filter(({ value }) => !visible.includes(value)) };
}

function sourceOf(role: string): ValueSource {
  return role === 'user' ? 'user' : 'assistant';
}
