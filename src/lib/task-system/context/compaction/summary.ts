import type { Clock } from '../../types/Ports.ts';
import type { TokenCounter } from '../TokenCounter.ts';

/** Writes a summary of the messages that are left out, in at most so many tokens. */
export type Summarize<Message> = (request: { readonly messages: readonly Message[]; readonly maxTokens: number; readonly signal: AbortSignal }) => string | Promise<string>;

/** What became of a summary. */
export type SummaryOutcome = 'used' | 'failed' | 'timeout' | 'too-long' | 'no-room';

/** Bounds of a summary. */
export interface SummaryBounds {
  readonly maxTokens: number;
  readonly timeoutMs: number;
  readonly counter: TokenCounter;
  readonly clock: Clock;
}

const LATE = Symbol('late');

/** Asks for a summary; never rejects, and never waits longer than it may. */
export async function askForSummary<Message>(summarize: Summarize<Message>, messages: readonly Message[], { maxTokens, timeoutMs, counter, clock }: SummaryBounds): Promise<{ readonly outcome: SummaryOutcome; readonly text?: string }> {
  if (maxTokens <= 0) return { outcome: 'no-room' };
  const controller = new AbortController();
  const late = Promise.withResolvers<typeof LATE>();
  const timer = clock.setTimer(timeoutMs, () => { late.resolve(LATE); controller.abort(); });
  const ask = async (): Promise<unknown> => summarize({ messages, maxTokens, signal: controller.signal });
  const text = await Promise.race([ask().catch(() => undefined), late.promise]);
  timer.cancel();
  if (text === LATE) return { outcome: 'timeout' };
  if (typeof text !== 'string' || text.trim() === '') return { outcome: 'failed' };
  return counter.fits(JSON.stringify(text), maxTokens) ? { outcome: 'used', text: text.trim() } : { outcome: 'too-long' };
}
