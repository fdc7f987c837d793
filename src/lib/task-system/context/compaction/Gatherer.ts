import { readMessage, type ContextMessage, type ReadMessage } from '../messages/readMessage.ts';
import { favour, readHints, type Hints } from './hints.ts';
import { Ledger, type LedgerEntry, type ValueSource } from './Ledger.ts';
import { parseNote, type Note } from './note.ts';
import { findValues, inputValues, type FoundValue } from './values.ts';

const MAX_ERRORS = 3;
const MAX_ERROR_LENGTH = 160;

/** What is known of the messages that are left out. */
export interface Gathered extends Omit<Note, 'entries'> {
  /** Best first; without what can still be read in the conversation. */
  readonly entries: readonly LedgerEntry[];
}

/** What is missing, by the places of messages. */
export interface Missing {
  /** Those that were left out. */
  readonly left: ReadonlySet<number>;
  /** Those that were shortened, as they are now. */
  readonly masked: ReadonlyMap<number, ContextMessage>;
}

/** The values of one message, and who wrote them. */
interface Finding {
  readonly found: readonly FoundValue[];
  readonly source: ValueSource;
  /** Of a result. */
  readonly callId?: string;
}

/** Reads what is missing of a conversation, again and again for different parts of it: each message is looked through once. */
export class Gatherer {
  readonly #messages: readonly ContextMessage[];
  readonly #read: readonly ReadMessage[];
  readonly #findings = new Map<number, readonly Finding[]>();
  readonly #hints: Hints;

  constructor(messages: readonly ContextMessage[], read: readonly ReadMessage[]) {
    this.#messages = messages;
    this.#read = read;
    this.#hints = readHints(messages, read);
  }

  /** Ranks what the missing messages held and those that are kept do not. */
  gather(missing: Missing): Gathered {
    const { left, masked } = missing;
    const ledger = new Ledger(this.#messages.length);
    const calls = new Map<string, number>();
    const errors: string[] = [];
    let count = 0;
    let summary = '';
    const addCalls = (name: string, times: number): void => { calls.set(name, (calls.get(name) ?? 0) + times); };
    this.#read.forEach((one, place) => {
      const isLeft = left.has(place);
      if (!isLeft && !masked.has(place)) return;
      for (const { found, source } of this.#findingsAt(place)) ledger.add(found, source, place);
      if (!isLeft) return;
      const note = this.#noteAt(place);
      count += note?.messages ?? 1;
      if (note !== undefined) ({ summary } = note);
      for (const [name, times] of note?.calls ?? []) addCalls(name, times);
      for (const { name } of one.calls) addCalls(name, 1);
      errors.push(...note?.errors ?? one.results.flatMap(({ text, isError }) => (isError ? [text.slice(0, MAX_ERROR_LENGTH).toWellFormed()] : [])));
    });
    const visible = this.#visibleBeside(missing);
    return { messages: count, calls, errors: errors.slice(-MAX_ERRORS), summary, entries: ledger.rank().filter(({ value }) => !visible.has(value)) };
  }

  /** The values in what is kept. Looking for each value in all the text would take the square of the time. */
  #visibleBeside({ left, masked }: Missing): ReadonlySet<string> {
    const visible = new Set<string>();
    const see = ({ found }: Finding): void => { for (const { value } of found) visible.add(value); };
    this.#read.forEach((_, place) => { if (!left.has(place) && !masked.has(place)) this.#findingsAt(place).forEach(see); });
    for (const message of masked.values()) findIn(readMessage(message), 'assistant').forEach(see);
    return visible;
  }

  #findingsAt(place: number): readonly Finding[] {
    const known = this.#findings.get(place);
    if (known !== undefined) return known;
    const findings = this.#find(place).map(({ found, source, callId }) => ({ source, found: favour(found, this.#hints, callId) }));
    this.#findings.set(place, findings);
    return findings;
  }

  #find(place: number): readonly Finding[] {
    const note = this.#noteAt(place);
    if (note !== undefined) return [{ source: 'note', found: valuesOfNote(note) }];
    const one = this.#read[place];
    return one === undefined ? [] : findIn(one, this.#messages[place]?.role === 'user' ? 'user' : 'assistant');
  }

  #noteAt(place: number): Note | undefined {
    const message = this.#messages[place];
    return message?.role === 'user' ? parseNote(message.content) : undefined;
  }
}

function findIn({ texts, calls, results }: ReadMessage, source: ValueSource): readonly Finding[] {
  return [
    ...texts.map((text) => ({ source, found: findValues(text) })),
    ...calls.map(({ input }) => ({ source: 'call', found: inputValues(input) } as const)),
    ...results.map(({ id, text }) => ({ source: 'result', found: findValues(text), callId: id } as const)),
  ];
}

/** Earlier entries come first in their note, which says how much they counted then. */
function valuesOfNote({ entries }: Note): readonly FoundValue[] {
  return entries.map(({ key, value }, index) => ({ key, value, shape: 1 - 0.5 * index / entries.length, siblings: 1 }));
}
