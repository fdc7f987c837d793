import fc from 'fast-check';
import type { SubmitOptions } from '../../../src/lib/task-system/types/Options.ts';
import { judge, type ChildFailureRule, type CompletionRule, type FamilyRules } from '../../../src/lib/task-system/types/Subtasks.ts';

/** How a handler waits for its children: in it (`all` to `any`), or after it, with a join or without. */
export type Mode = 'return' | 'join' | 'all' | 'each' | 'settled' | 'any';

/** A task as it is to behave, and those below it. */
export interface Plan {
  readonly rules: FamilyRules;
  readonly mode: Mode;
  /** How many of its tries fail. */
  readonly failures: number;
  readonly maxAttempts: number;
  /** Whether its children are spawned under names of their own. */
  readonly hasKeys: boolean;
  /** Its own time, in milliseconds. */
  readonly timeoutMs?: number;
  /** Whether it does nothing but wait to be stopped. */
  readonly hangs: boolean;
  readonly children: readonly Plan[];
}

/** A leaf that goes well. */
export const LEAF: Plan = {
  rules: { completion: 'all', onChildFailure: 'fail-fast' }, mode: 'return', failures: 0, maxAttempts: 1, hasKeys: false, hangs: false, children: [],
};

const completion = fc.oneof(fc.constantFrom<CompletionRule>('all', 'all', 'any'), fc.integer({ min: 1, max: 4 }).map((quorum): CompletionRule => ({ quorum })));
const rules = fc.record({ completion, onChildFailure: fc.constantFrom<ChildFailureRule>('fail-fast', 'fail-fast', 'wait', 'ignore') });
const mode = fc.constantFrom<Mode>('return', 'return', 'join', 'all', 'each', 'settled', 'any');
const own = { rules, mode, failures: fc.constantFrom(0, 0, 0, 0, 1, 2), maxAttempts: fc.constantFrom(1, 1, 2), hasKeys: fc.boolean() };

/** More would make a run slow, and find nothing that fewer do not. */
const MAX_SIZE = 40;
const littleTime = fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined, freq: 2 });

/** Trees up to a depth, a fan-out and a size. */
export function trees(depth: number, fanOut: number): fc.Arbitrary<Plan> {
  return planted(depth, fanOut, { hangs: fc.constant(false) }).map((plan) => pruned(plan, MAX_SIZE));
}

/** The same, some of whose tasks have little time. */
export function hastyTrees(depth: number, fanOut: number): fc.Arbitrary<Plan> {
  return planted(depth, fanOut, { hangs: fc.constant(false), timeoutMs: littleTime }).map((plan) => pruned(plan, MAX_SIZE));
}

/** The same, some of whose tasks never end by themselves either. */
export function hangingTrees(depth: number, fanOut: number): fc.Arbitrary<Plan> {
  return planted(depth, fanOut, { hangs: fc.constantFrom(false, false, false, true), timeoutMs: littleTime }).map((plan) => pruned(plan, MAX_SIZE));
}

/** A tree in which every task has as many children, down to a depth. */
export function fullTree(depth: number, fanOut: number, plan: Plan): Plan {
  return { ...plan, children: depth === 0 ? [] : Array.from({ length: fanOut }, () => fullTree(depth - 1, fanOut, plan)) };
}

/** What a task of a plan is submitted with. */
export function submissionOf({ rules: { completion: rule, onChildFailure }, maxAttempts, timeoutMs }: Plan): Pick<SubmitOptions, 'completion' | 'onChildFailure' | 'retry' | 'timeoutMs'> {
  return { completion: rule, onChildFailure, retry: { maxAttempts }, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

/**
 * The model: how a task ends that nobody cancels, and that has time enough. The order in which its children end, crashes of the host and
 * other attempts change nothing about it.
 */
export function endOf({ rules: own, mode: how, failures, maxAttempts, children }: Plan): 'completed' | 'failed' {
  if (failures >= maxAttempts) return 'failed';
  if (children.length === 0) return 'completed';
  const done = children.filter((child) => endOf(child) === 'completed').length;
  const failed = children.length - done;
  if ((how === 'all' || how === 'each') && failed > 0) return 'failed';
  if (how === 'any' && done === 0) return 'failed';
  // The handler was told of every failure.
  if (how === 'settled' && own.completion === 'all') return 'completed';
  const tally = how === 'settled' ? { done, excused: failed, failed: 0, open: 0 } : { done, excused: 0, failed, open: 0 };
  return judge(own, tally) === 'met' ? 'completed' : 'failed';
}

type Moods = Pick<{ [Key in keyof Plan]-?: fc.Arbitrary<Plan[Key]> }, 'hangs'> & { readonly timeoutMs?: fc.Arbitrary<number | undefined> };

/** At most so many tasks, of every level some. */
function pruned(plan: Plan, size: number): Plan {
  const share = Math.floor((size - 1) / Math.max(1, plan.children.length));
  const children = share >= 1 ? plan.children : plan.children.slice(0, Math.max(0, size - 1));
  return { ...plan, children: children.map((child) => pruned(child, Math.max(1, share))) };
}

function planted(depth: number, fanOut: number, moods: Moods): fc.Arbitrary<Plan> {
  const { hangs, timeoutMs = fc.constant(undefined) } = moods;
  const children = depth === 0 ? fc.constant<readonly Plan[]>([]) : fc.array(planted(depth - 1, fanOut, moods), { maxLength: fanOut });
  return fc.record({ ...own, hangs, timeoutMs, children }).map(({ timeoutMs: time, ...plan }) => ({ ...plan, ...(time === undefined ? {} : { timeoutMs: time }) }));
}
