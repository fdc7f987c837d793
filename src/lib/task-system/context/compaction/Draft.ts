import { editResults, shortenTexts } from '../messages/editMessage.ts';
import type { ContextMessage } from '../messages/readMessage.ts';
import type { TokenCounter } from '../TokenCounter.ts';
import type { Atom } from './atoms.ts';

/** Results up to this length are not worth a stub. */
const SMALL_RESULT = 80;
const SHORTEST_TEXT = 32;

interface Kept<Message> {
  readonly messages: readonly Message[];
  readonly tokens: number;
  readonly isWhole: boolean;
}

/** The atoms that will stay, in which form, and the tokens that are left for more. */
export class Draft<Message extends ContextMessage> {
  readonly #messages: readonly Message[];
  readonly #counter: TokenCounter;
  readonly #kept = new Map<Atom, Kept<Message>>();
  #left: number;

  constructor(messages: readonly Message[], maxTokens: number, counter: TokenCounter) {
    this.#messages = messages;
    this.#counter = counter;
    this.#left = maxTokens;
  }

  /** Tokens that are not given away; below 0 when what must stay is too large. */
  get left(): number {
    return this.#left;
  }

  has(atom: Atom): boolean {
    return this.#kept.has(atom);
  }

  /** Its messages, as they will appear; empty for an atom that goes. */
  messagesOf(atom: Atom): readonly Message[] {
    return this.#kept.get(atom)?.messages ?? [];
  }

  isWhole(atom: Atom): boolean {
    return this.#kept.get(atom)?.isWhole ?? false;
  }

  /** Tokens of an atom as it is. */
  sizeOf(atom: Atom): number {
    return this.#counter.countMessages(this.#originals(atom));
  }

  /** Keeps an atom as it is, whatever it costs. */
  keep(atom: Atom): void {
    this.#put(atom, { messages: this.#originals(atom), tokens: this.sizeOf(atom), isWhole: true });
  }

  /** Keeps an atom as it is if that leaves `reserve` tokens. */
  tryKeep(atom: Atom, reserve: number): boolean {
    if (this.sizeOf(atom) > this.#left - reserve) return false;
    this.keep(atom);
    return true;
  }

  /** Keeps an atom with stubs for the results of its tools if that leaves `reserve` tokens. */
  tryMask(atom: Atom, reserve: number): boolean {
    return this.#tryForm(atom, (message) => editResults(message, stub), this.#left - reserve);
  }

  /** Keeps an atom with its texts shortened, as little as possible, to at most `room` tokens. */
  tryShorten(atom: Atom, room: number): boolean {
    const most = Math.min(room, this.#left);
    for (let limit = Math.max(most * 6, SHORTEST_TEXT); limit >= SHORTEST_TEXT; limit = Math.floor(limit * 0.75)) {
      if (this.#tryForm(atom, (message) => shortenTexts(message, limit), most)) return true;
    }
    return this.#tryForm(atom, (message) => shortenTexts(editResults(message, stub), SHORTEST_TEXT), most);
  }

  /** Takes an atom out again. */
  drop(atom: Atom): void {
    this.#left += this.#kept.get(atom)?.tokens ?? 0;
    this.#kept.delete(atom);
  }

  #tryForm(atom: Atom, edit: (message: Message) => Message, most: number): boolean {
    const messages = this.#originals(atom).map(edit);
    const tokens = this.#counter.countMessages(messages);
    if (tokens > most) return false;
    this.#put(atom, { messages, tokens, isWhole: false });
    return true;
  }

  #put(atom: Atom, kept: Kept<Message>): void {
    this.#left -= kept.tokens;
    this.#kept.set(atom, kept);
  }

  #originals(atom: Atom): readonly Message[] {
    return atom.places.flatMap((place) => this.#messages[place] ?? []);
  }
}

/** In characters: counting the tokens of every result that goes would cost as much as all else. */
function stub(text: string): string {
  return text.length <= SMALL_RESULT ? text : `[${text.length} characters left out]`;
}
