import type { ContextMessage, ReadMessage } from '../messages/readMessage.ts';
import { isSlight, namesThings } from './looks.ts';
import { inputValues, type FoundValue } from './values.ts';

const NAMING_FACTOR = 2.5;
const ASKED_FACTOR = 1.3;
const CURRENT_FACTOR = 1.5;
/** What was said last, as far as that may still be spoken of. */
const SPOKEN_TEXTS = 2;
const MAX_SPOKEN = 8_000;

/** What a conversation itself says about what will matter. */
export interface Hints {
  /** Names of arguments in calls so far: the next call may take a value of that name again. */
  readonly asked: ReadonlySet<string>;
  /** Ids of calls about something that was spoken of just now. */
  readonly current: ReadonlySet<string>;
}

/** Reads the calls of a conversation, and what was said last. */
export function readHints(messages: readonly ContextMessage[], read: readonly ReadMessage[]): Hints {
  const spoken = read.flatMap(({ texts }, place) => (messages[place]?.role === 'system' ? [] : texts)).slice(-SPOKEN_TEXTS).join('\n').slice(-MAX_SPOKEN);
  const asked = new Set<string>();
  const current = new Set<string>();
  for (const { id, input } of read.flatMap(({ calls }) => calls)) {
    for (const { key, value } of inputValues(input)) {
      if (key !== '') asked.add(key);
      if (tellsApart(value) && spoken.includes(value)) current.add(id);
    }
  }
  return { asked, current };
}

/** Weighs values more that tell things apart, that calls have asked for by name, or that came with what is being spoken of. */
export function favour(found: readonly FoundValue[], { asked, current }: Hints, callId?: string): readonly FoundValue[] {
  const isCurrent = callId !== undefined && current.has(callId);
  return found.map((one) => {
    const factor = (namesThings(one.key) ? NAMING_FACTOR : 1) * (asked.has(one.key) ? ASKED_FACTOR : 1) * (isCurrent ? CURRENT_FACTOR : 1);
    return factor === 1 ? one : { ...one, shape: one.shape * factor };
  });
}

function tellsApart(value: string): boolean {
  return /[\d_@/.-]/.test(value) && !isSlight(value);
}
