import { textOf } from './Chat.ts';
import type { Method } from './Method.ts';
import type { Case } from './readCases.ts';
import { violationsOf, type RULES } from './violations.ts';

/** How a method did on all cases with one budget. */
export interface Result {
  readonly name: string;
  /** Of each case: which share of what is needed later can still be read, 0 to 1. Nothing when it refused. */
  readonly recalls: readonly number[];
  /** The same for what does not stand in the last message, which everybody should keep; cases that need nothing else are left out. */
  readonly hardRecalls: readonly number[];
  /** In how many cases each rule was broken. */
  readonly violations: Readonly<Record<(typeof RULES)[number], number>>;
  readonly refusals: number;
}

/** Lets a method work on every case. @param share of the history that fits, beside the system. */
export async function evaluate(method: Method, cases: readonly Case[], share: number): Promise<Result> {
  const recalls: number[] = [];
  const hardRecalls: number[] = [];
  const violations = { budget: 0, pairing: 0, pins: 0, order: 0 };
  let refusals = 0;
  for (const { messages, needed, systemTokens, historyTokens } of cases) {
    const budget = Math.floor(systemTokens + share * historyTokens);
    const after = await method.shrink(messages, budget);
    if (after === undefined) refusals++;
    for (const rule of after === undefined ? [] : violationsOf(messages, after, budget)) violations[rule]++;
    const text = textOf(after ?? []);
    const last = textOf(messages.slice(-1));
    const hard = needed.filter((value) => !last.includes(value));
    recalls.push(shareOf(needed, text));
    if (hard.length > 0) hardRecalls.push(shareOf(hard, text));
  }
  return { name: method.name, recalls, hardRecalls, violations, refusals };
}

function shareOf(values: readonly string[], text: string): number {
  return values.filter((value) => text.includes(value)).length / values.length;
}
