import { TaskSystemError } from '../../types/Errors.ts';
import type { ContextMessage } from '../messages/readMessage.ts';
import type { TokenCounter } from '../TokenCounter.ts';
import type { Atom } from './atoms.ts';
import { Draft } from './Draft.ts';
import { MAX_NOTE_TOKENS } from './fillNote.ts';
import type { Missing } from './Gatherer.ts';
import { parseNote } from './note.ts';

/** Which messages are pinned. */
export type Pins<Message> = readonly (number | Message)[] | ((message: Message, place: number) => boolean);

/** What stays of a conversation. */
export interface Selection<Message> {
  readonly kept: readonly Message[];
  /** Where among the kept the note belongs. */
  readonly notePlace: number;
  /** Tokens for it. */
  readonly left: number;
  /** Places in the input: of messages that are gone, and of those that lost a part. */
  readonly places: Missing;
}

/** How to choose. */
export interface SelectionRules<Message> {
  readonly maxTokens: number;
  readonly pins: Pins<Message> | undefined;
  readonly keepRecent: number;
  readonly counter: TokenCounter;
  /** What the note takes, if that is known: all else may go to messages. */
  readonly noteTokens?: number | undefined;
}

/** Of what is left after all that must stay, what the note gets before the latest messages, and before older ones. */
const NOTE_SHARES = { recent: 0.6, older: 0.75 } as const;
/** What the last message gets when it is too large to stay whole. */
const LAST_SHARE = 0.6;

/** Chooses what stays: first what must, then the latest, then what the user said, then calls with stubs for their results. */
export function selectAtoms<Message extends ContextMessage>(messages: readonly Message[], atoms: readonly Atom[], { maxTokens, pins, keepRecent, counter, noteTokens }: SelectionRules<Message>): Selection<Message> {
  const draft = new Draft(messages, maxTokens, counter);
  const roles = classify(messages, atoms, pins);
  for (const atom of roles.fixed) draft.keep(atom);
  if (draft.left < 0) throw tooSmall(messages, roles.fixed, draft, maxTokens);
  keepLast(messages, atoms, draft, maxTokens);
  const reserveFor = (share: number): number => noteTokens ?? Math.min(Math.floor(draft.left * share), MAX_NOTE_TOKENS);
  const reserves = { recent: reserveFor(NOTE_SHARES.recent), older: reserveFor(NOTE_SHARES.older) };
  const free = atoms.filter((atom) => !draft.has(atom) && !roles.gone.has(atom)).reverse();
  const firstRecent = messages.length - keepRecent;
  const isRecent = (atom: Atom): boolean => (atom.places.at(-1) ?? 0) >= firstRecent;
  for (const atom of free.filter(isRecent)) if (!draft.tryKeep(atom, reserves.recent)) break;
  for (const group of [free.filter(({ role }) => role === 'user'), free.filter(({ role }) => role !== 'user')]) {
    for (const atom of group) if (!draft.has(atom) && !draft.tryMask(atom, reserves.older)) break;
  }
  keepTurnsLegal(atoms, roles.fixed, draft);
  return describe(messages, atoms, draft);
}

interface Roles {
  readonly fixed: ReadonlySet<Atom>;
  /** Notes of earlier compactions, which the new one takes up, and what no API accepts. */
  readonly gone: ReadonlySet<Atom>;
}

function classify<Message extends ContextMessage>(messages: readonly Message[], atoms: readonly Atom[], pins: Pins<Message> | undefined): Roles {
  const isPinned = pinTest(pins);
  const isNote = ({ role, places: [place = 0] }: Atom): boolean => role === 'user' && parseNote(messages[place]?.content) !== undefined;
  const users = atoms.filter((atom) => atom.role === 'user' && !isNote(atom));
  const fixed = new Set(atoms.filter((atom) => atom.role === 'system' || atom.role === 'developer' || atom === users[0] || atom === users.at(-1)
    || atom.places.some((place) => { const message = messages[place]; return message !== undefined && isPinned(message, place); })));
  const last = atoms.at(-1);
  const gone = new Set(atoms.filter((atom) => !fixed.has(atom) && (isNote(atom) || atom.isOrphan || (atom.openCalls.size > 0 && atom !== last && !isTail(atom, atoms)))));
  return { fixed, gone };
}

/** A call that still waits for its results may have users' words after it, but no further turn. */
function isTail(atom: Atom, atoms: readonly Atom[]): boolean {
  return atoms.slice(atoms.indexOf(atom) + 1).every(({ role }) => role === 'user' || role === 'tool');
}

function pinTest<Message>(pins: Pins<Message> | undefined): (message: Message, place: number) => boolean {
  if (pins === undefined) return () => false;
  if (typeof pins === 'function') return pins;
  const set = new Set<number | Message>(pins);
  return (message, place) => set.has(place) || set.has(message);
}

/** The last message is what the model answers to: without it, an agent would do the same step again, for ever. */
function keepLast<Message extends ContextMessage>(messages: readonly Message[], atoms: readonly Atom[], draft: Draft<Message>, maxTokens: number): void {
  const last = atoms.findLast(({ places }) => places.includes(messages.length - 1));
  if (last === undefined || draft.has(last) || last.isOrphan) return;
  if (draft.tryKeep(last, Math.floor(draft.left * (1 - LAST_SHARE)))) return;
  if (draft.tryShorten(last, Math.floor(draft.left * LAST_SHARE)) || draft.tryShorten(last, draft.left)) return;
  throw tooSmall(messages, new Set([last]), draft, maxTokens);
}

/** Two turns of the model in a row are refused by some APIs, so none may arise where the user's words between them went. */
function keepTurnsLegal<Message extends ContextMessage>(atoms: readonly Atom[], fixed: ReadonlySet<Atom>, draft: Draft<Message>): void {
  let later: number | undefined;
  for (let index = atoms.length - 1; index >= 0; index--) {
    const atom = atoms[index];
    if (atom === undefined || !draft.has(atom)) continue;
    const next = later === undefined ? undefined : atoms[later];
    if (later !== undefined && later > index + 1 && atom.role === 'assistant' && atom.places.length === 1 && next?.role === 'assistant' && !fixed.has(atom)) draft.drop(atom);
    else later = index;
  }
}

function describe<Message extends ContextMessage>(messages: readonly Message[], atoms: readonly Atom[], draft: Draft<Message>): Selection<Message> {
  const byPlace = new Map<number, Message>();
  const masked = new Map<number, Message>();
  for (const atom of atoms) {
    const kept = draft.messagesOf(atom);
    atom.places.forEach((place, index) => {
      const message = kept[index];
      if (message === undefined) return;
      byPlace.set(place, message);
      if (!draft.isWhole(atom) && !isSame(message, messages[place])) masked.set(place, message);
    });
  }
  const order = messages.map((_, place) => place).filter((place) => byPlace.has(place));
  const left = new Set(messages.map((_, place) => place).filter((place) => !byPlace.has(place)));
  const [firstGone = masked.keys().next().value ?? 0] = left;
  return {
    kept: order.flatMap((place) => byPlace.get(place) ?? []),
    notePlace: placeOfNote(messages, order, atoms, firstGone),
    left: draft.left,
    places: { left, masked },
  };
}

/** Where the first message is missing, but never before the first words of the user, nor between a call and its results. */
function placeOfNote(messages: readonly ContextMessage[], order: readonly number[], atoms: readonly Atom[], firstGone: number): number {
  const firstUser = order.find((place) => messages[place]?.role === 'user') ?? -1;
  let place = Math.max(firstGone, firstUser + 1);
  for (const { places } of atoms) {
    const [from = 0] = places;
    const to = places.at(-1) ?? from;
    if (from < place && place <= to) place = to + 1;
  }
  // The last message stays the last: it is what the model answers to.
  const last = atoms.find(({ places }) => places.includes(messages.length - 1))?.places[0] ?? place;
  return order.filter((kept) => kept < Math.min(place, last)).length;
}

function isSame(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

function tooSmall<Message extends ContextMessage>(messages: readonly Message[], atoms: ReadonlySet<Atom>, draft: Draft<Message>, maxTokens: number): TaskSystemError {
  const sizes = [...atoms].map((atom) => ({ place: atom.places[0] ?? 0, role: atom.role, tokens: draft.sizeOf(atom) })).sort((left, right) => right.tokens - left.tokens);
  const needed = sizes.reduce((sum, { tokens }) => sum + tokens, 0);
  const [largest] = sizes;
  return new TaskSystemError('CONTEXT_TOO_SMALL', `${needed} tokens of ${messages.length} messages must stay, and ${maxTokens} are allowed`, { needed, maxTokens, ...(largest === undefined ? {} : { largest }) });
}
