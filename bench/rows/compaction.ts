import path from 'node:path';
import type { BaseMessage } from '@langchain/core/messages';
import { compact, createTokenCounter } from 'task-system/task';
import type { ChatMessage } from '../compaction/Chat.ts';
import { evaluate, type Result } from '../compaction/evaluate.ts';
import { fromLangChain, toLangChain, trimLangChain } from '../compaction/langChain.ts';
import { ours, peers } from '../compaction/methods.ts';
import { joinCases, readCases, type Case } from '../compaction/readCases.ts';
import { RULES, violationsOf } from '../compaction/violations.ts';
import { verify, type Benchmark, type Mark, type Measure } from '../lib/Benchmark.ts';
import { bootstrap, meanOf, resample } from '../lib/bootstrap.ts';
import { OURS, runRounds, toMeasure } from '../lib/compare.ts';
import { timeOf } from '../lib/time.ts';

const DATA = path.join(import.meta.dirname, '../data/tau-bench-airline');
const TIMES_FASTER = 100;
/** Which percentage of the history fits, which of what is needed later must be left of it, and how many points that must be above the peers. */
const BUDGETS = [{ share: 50, recall: 90, ahead: 15 }, { share: 25, recall: 75, ahead: 0 }, { share: 10, recall: 55, ahead: 0 }] as const;

/**
 * Future-use recall: real conversations are cut at a user's message past their middle and compacted to a budget; which share of the
 * argument values of the later tool calls can still be read? Values that were not said before the cut, or only by the system, do not
 * count. The same exact counter for all. Behind the name of each stands in how many of the conversations it broke a rule: over the
 * budget; a call without its results; system, first or last words of the user lost or changed; another order. And the time of one
 * compaction of a long conversation.
 */
export const compaction: Benchmark = {
  name: 'compaction',
  async run({ isQuick, data = DATA, say }) {
    const cases = await readCases(data);
    verify(cases.length > 0, `${data} holds no conversation that needs later what was said before`);
    say(`${String(cases.length)} conversations, ${meanOf(cases.map(({ needed }) => needed.length)).toFixed(1)} values needed on average`);
    const recalls: Measure[] = [];
    for (const budget of BUDGETS) recalls.push(await measureRecall(cases, budget));
    return [...recalls, await measureTime(cases, isQuick)];
  },
};

async function measureRecall(cases: readonly Case[], { share, recall, ahead }: (typeof BUDGETS)[number]): Promise<Measure> {
  const own = await evaluate(ours, cases, share / 100);
  const others: Result[] = [];
  for (const peer of peers) others.push(await evaluate(peer, cases, share / 100));
  return {
    what: `values of later calls that survive, system + ${String(share)} % of the history`,
    note: `mean and 95 % interval of ${String(cases.length)} conversations; ${faultsOf(own)}`,
    unit: '%',
    ours: bootstrap(percent(own.recalls)),
    peers: others.map((result) => ({
      name: `${result.name} (${faultsOf(result)})`,
      value: bootstrap(percent(result.recalls)),
      ratio: ratioOf(own.recalls, result.recalls),
    })),
    mark: markOf(own, others, recall, ahead),
  };
}

function markOf(own: Result, others: readonly Result[], recall: number, ahead: number): Mark {
  const [best] = others.filter(({ violations }) => violations.budget === 0).toSorted((left, right) => meanOf(right.recalls) - meanOf(left.recalls));
  const mean = 100 * meanOf(own.recalls);
  const lead = mean - (best === undefined ? 0 : 100 * meanOf(best.recalls));
  const isMet = mean > recall && lead > 0 && lead >= ahead && RULES.every((rule) => own.violations[rule] === 0);
  const points = best === undefined ? 'no peer keeps the budget' : `${lead.toFixed(1)} points above ${best.name}, the best that keeps the budget`;
  return { text: `above ${String(recall)} %, ${ahead === 0 ? 'above' : `${String(ahead)} points above`} peers that keep the budget, no rule broken (${points})`, isMet };
}

/** In how many of a hundred conversations each rule was broken. */
function faultsOf({ violations, refusals, recalls }: Result): string {
  const faults = [...RULES.map((rule) => [rule, violations[rule]] as const), ['refused', refusals] as const].filter(([, times]) => times > 0);
  return faults.length === 0 ? 'no rule broken' : `broke ${faults.map(([rule, times]) => `${rule} ${String(Math.round(100 * times / recalls.length))} %`).join(', ')}`;
}

function percent(shares: readonly number[]): readonly number[] {
  return shares.map((share) => share * 100);
}

/** Of the means; the conversations of both are the same ones in each round. */
function ratioOf(own: readonly number[], theirs: readonly number[]): Measure['ours'] {
  return resample(own.length, (chosen) => meanOf(chosen.map((index) => own[index] ?? 0)) / meanOf(chosen.map((index) => theirs[index] ?? 0)));
}

/**
 * The same budget and the same exact counts. Ours begins with an empty memory; the peer, which counts its list anew at each step, is
 * given the tokens of each message beforehand, so that none of its time is the tokenizer's.
 */
async function measureTime(cases: readonly Case[], isQuick: boolean): Promise<Measure> {
  const messages = longConversation(cases, isQuick ? 500 : 4_000);
  const counting = createTokenCounter();
  const maxTokens = Math.floor(counting.countMessages(messages) / 2);
  const mirrored = messages.map(toLangChain);
  const sizes = new Map(mirrored.map((message) => [message, counting.countMessage(fromLangChain(message))]));
  const sizeOf = (message: BaseMessage): number => sizes.get(message) ?? counting.countMessage(fromLangChain(message));
  verify(violationsOf(messages, await ours.shrink(messages, maxTokens) ?? [], maxTokens).length === 0, 'a rule was broken');
  const rounds = await runRounds([
    { name: OURS, measure: () => timeOf(() => compact(messages, { maxTokens, counter: createTokenCounter() })) },
    { name: 'LangChain trimMessages, told the tokens of each message', measure: () => timeOf(() => trimLangChain(mirrored, maxTokens, (list) => list.reduce((sum, message) => sum + sizeOf(message), 0))) },
  ], 1, 0);
  const isFaster = ({ peers: [first] }: Measure): Mark => ({ text: `${String(TIMES_FASTER)} times as fast`, isMet: first !== undefined && first.ratio.median <= 1 / TIMES_FASTER });
  // The distance grows with the square of the length: a short one says nothing about the mark.
  return toMeasure(`one compaction of ${String(messages.length)} messages to half their tokens`, 'ms', rounds, isQuick ? {} : { mark: isFaster });
}

function longConversation(cases: readonly Case[], amount: number): readonly ChatMessage[] {
  const many = Array.from({ length: Math.ceil(amount / cases.reduce((sum, { messages }) => sum + messages.length, 0)) + 1 }, () => cases).flat();
  const [joined] = joinCases(many, many.length);
  const messages = joined?.messages.slice(0, amount) ?? [];
  // It must not end between a call and its results.
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  return messages.slice(0, lastUser + 1);
}
