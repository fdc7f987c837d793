import { TaskSystemError } from '../types/Errors.ts';
import { systemClock, type Clock } from '../types/Ports.ts';
import { readConversation, type Atom } from './compaction/atoms.ts';
import { fillNote } from './compaction/fillNote.ts';
import { Gatherer, type Gathered } from './compaction/Gatherer.ts';
import type { NoteMessage } from './compaction/note.ts';
import { selectAtoms, type Pins, type Selection } from './compaction/selectAtoms.ts';
import { askForSummary, type Summarize, type SummaryOutcome } from './compaction/summary.ts';
import type { ContextMessage } from './messages/readMessage.ts';
import { createTokenCounter, type TokenCounter } from './TokenCounter.ts';

/** How a conversation is made smaller. */
export interface CompactOptions<Message extends ContextMessage = ContextMessage> {
  /** What the result may take at most, in tokens, `tools` and `reserveTokens` included. */
  readonly maxTokens: number;
  /** Where it lands when it must become smaller: less than `maxTokens` means fewer compactions, and a prompt whose beginning stays the same for longer. @defaultValue `maxTokens` */
  readonly targetTokens?: number;
  /** Messages that are never left out or changed: by place, by identity, or by a test. A message of a tool call pins the call and all its results. */
  readonly pins?: Pins<Message>;
  /** How many of the last messages stay as they are as long as there is room. @defaultValue 4 */
  readonly keepRecent?: number;
  /** Writes a summary of what is left out, for example with a model. When it fails, is late or too long, the note goes without it. */
  readonly summarize?: Summarize<Message>;
  /** How long `summarize` may take. @defaultValue 30000 */
  readonly summarizeTimeoutMs?: number;
  /** Definitions of the tools that are sent along; they are counted, not changed. */
  readonly tools?: unknown;
  /** Tokens to leave free, for example for the answer. @defaultValue 0 */
  readonly reserveTokens?: number;
  /** Keep one for a conversation's life: it remembers what each message counts. @defaultValue one for `o200k`, shared by all calls */
  readonly counter?: TokenCounter;
  /** For tests. */
  readonly clock?: Clock;
}

/** What a compaction did. */
export interface CompactionReport {
  /** Tokens of the conversation before, with `tools`; undefined when it was so small that nothing had to be counted. */
  readonly before?: number;
  /** Tokens after. */
  readonly after?: number;
  /** Messages left out. */
  readonly dropped: number;
  /** Messages of which a part was left out. */
  readonly masked: number;
  readonly ms: number;
  /** What became of `summarize`, where it was given and something was left out. */
  readonly summary?: SummaryOutcome;
}

/** A conversation within its budget. */
export interface Compaction<Message extends ContextMessage = ContextMessage> {
  /** The very array that was given when it fits; else a new one that shares what did not change. */
  readonly messages: readonly (Message | NoteMessage)[];
  readonly report: CompactionReport;
}

/** How often a compaction that left room is done again. */
const MAX_REFINEMENTS = 1;
/** Which share of the budget must have been left for that. */
const WORTH_REFINING = 0.05;

/** Counts are those of pure text, so all calls may share them. */
const shared = createTokenCounter();

/**
 * Brings a conversation within a budget, without a model: keeps what the system, pins, the first and the last message of the user
 * say, the latest messages as far as they fit, and puts one note in place of the rest, with the values that later steps may need.
 * Takes messages in the shape of OpenAI's chat API or of the AI SDK (`ModelMessage`) and returns the same shape. Equal input gives
 * equal output, byte for byte.
 * @throws TaskSystemError `CONTEXT_TOO_SMALL` when what must stay does not fit; `OPTIONS_INVALID` for a budget that is no number.
 */
export async function compact<Message extends ContextMessage>(messages: readonly Message[], options: CompactOptions<Message>): Promise<Compaction<Message>> {
  const { counter = shared, clock = systemClock, tools, reserveTokens = 0, summarize } = options;
  const start = clock.now();
  const fixed = counter.countTools(tools) + reserveTokens;
  const [most, target] = readBudget(options).map((tokens) => tokens - fixed);
  if (most === undefined || target === undefined || counter.fits(messages, most)) return { messages, report: { dropped: 0, masked: 0, ms: clock.now() - start } };
  const before = counter.countMessages(messages) + fixed;
  const { read, atoms } = readConversation(messages);
  const plan = { messages, atoms, gatherer: new Gatherer(messages, read), options, target, counter };
  const draft = summarize === undefined ? refine(plan) : outline(plan);
  const { selected, dropped } = draft;
  const asked = summarize === undefined || dropped.length === 0 ? undefined
    : await askForSummary(summarize, dropped, { maxTokens: Math.floor(selected.left / 2) - 40, timeoutMs: options.summarizeTimeoutMs ?? 30_000, counter, clock });
  const note = asked?.text === undefined ? draft.note : fillNote({ ...draft.gathered, summary: asked.text }, selected.left, counter);
  const after: readonly (Message | NoteMessage)[] = [...selected.kept.slice(0, selected.notePlace), ...(note === undefined ? [] : [note]), ...selected.kept.slice(selected.notePlace)];
  return {
    messages: after,
    report: {
      before,
      after: counter.countMessages(after) + fixed,
      dropped: dropped.length,
      masked: selected.places.masked.size,
      ms: clock.now() - start,
      ...(asked === undefined ? {} : { summary: asked.outcome }),
    },
  };
}

interface Plan<Message extends ContextMessage> {
  readonly messages: readonly Message[];
  readonly atoms: readonly Atom[];
  readonly gatherer: Gatherer;
  readonly options: CompactOptions<Message>;
  readonly target: number;
  readonly counter: TokenCounter;
}

/** What stays, and the note on what does not. */
interface Outline<Message> {
  readonly selected: Selection<Message>;
  readonly dropped: readonly Message[];
  readonly gathered: Gathered;
  readonly note: NoteMessage | undefined;
}

function outline<Message extends ContextMessage>({ messages, atoms, gatherer, options, target, counter }: Plan<Message>, noteTokens?: number): Outline<Message> {
  const selected = selectAtoms(messages, atoms, { maxTokens: target, pins: options.pins, keepRecent: options.keepRecent ?? 4, counter, noteTokens });
  const gathered = gatherer.gather(selected.places);
  const dropped = messages.filter((_, place) => selected.places.left.has(place));
  const note = dropped.length + selected.places.masked.size === 0 ? undefined : fillNote(gathered, selected.left, counter);
  return { selected, dropped, gathered, note };
}

/** Nobody knows what the note takes before it is written; what it leaves goes to more messages, about which it then says less. */
function refine<Message extends ContextMessage>(plan: Plan<Message>): Outline<Message> {
  let best = outline(plan);
  for (let round = 0; round < MAX_REFINEMENTS && best.note !== undefined; round++) {
    const noteTokens = plan.counter.countMessage(best.note);
    if (best.selected.left - noteTokens < plan.target * WORTH_REFINING) break;
    best = outline(plan, noteTokens);
  }
  return best;
}

function readBudget({ maxTokens, targetTokens = maxTokens }: { readonly maxTokens: number; readonly targetTokens?: number }): readonly [number, number] {
  if (Number.isFinite(maxTokens) && maxTokens > 0 && targetTokens > 0 && targetTokens <= maxTokens) return [maxTokens, targetTokens];
  throw new TaskSystemError('OPTIONS_INVALID', `compact: maxTokens must be a number above 0 and targetTokens at most as much, got ${maxTokens} and ${targetTokens}`);
}
