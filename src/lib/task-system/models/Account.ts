import { SPEND_KINDS, type Spend, type SpendKind, type SpendLimits } from '../types/Budgets.ts';

/** The share of a budget at which somebody is told. */
const WARN_AT = 0.8;

/** Nothing of anything. */
export const NO_SPEND: Spend = { modelCalls: 0, inputTokens: 0, outputTokens: 0, cost: 0, toolCalls: 0, turns: 0 };

/** What was spent of something, and what is set aside for calls that are under way. */
export class Account {
  readonly key: string;
  readonly taskId: string | undefined;
  /** Attempts that draw from it. */
  users = 0;
  #spent: Spend;
  #reserved: Spend = NO_SPEND;

  constructor(key: string, taskId: string | undefined, spent: Spend) {
    this.key = key;
    this.taskId = taskId;
    this.#spent = spent;
  }

  get spent(): Spend {
    return this.#spent;
  }

  get reserved(): Spend {
    return this.#reserved;
  }

  charge(spend: Spend): void {
    this.#spent = sumOf(this.#spent, spend, 1);
  }

  reserve(spend: Spend): void {
    this.#reserved = sumOf(this.#reserved, spend, 1);
  }

  release(spend: Spend): void {
    this.#reserved = sumOf(this.#reserved, spend, -1);
  }
}

/** Limits of an account, and where they were written. */
export interface Bound {
  readonly account: Account;
  /** Such as `budgets.tree`. */
  readonly budget: string;
  readonly limits: SpendLimits;
}

/** A limit that matters now. */
export interface Finding {
  readonly bound: Bound;
  readonly kind: SpendKind;
  readonly limit: number;
}

/** The first limit that leaves no room: of what is counted before it happens, for this much more; of what is only known afterwards, for any. */
export function findSpent(bounds: readonly Bound[], wanted: Spend, kinds: readonly SpendKind[]): Finding | undefined {
  return find(bounds, (kind, limit, { account: { spent } }) => (wanted[kind] > 0 ? spent[kind] + wanted[kind] > limit : kinds.includes(kind) && spent[kind] >= limit));
}

/** The first limit that calls under way may use up. */
export function findReserved(bounds: readonly Bound[], kinds: readonly SpendKind[]): Finding | undefined {
  return find(bounds, (kind, limit, { account: { spent, reserved } }) => kinds.includes(kind) && reserved[kind] > 0 && spent[kind] + reserved[kind] >= limit);
}

/** The limits of which this spending passes the mark at which somebody is told. */
export function findNearlySpent(bounds: readonly Bound[], spend: Spend): readonly Finding[] {
  return bounds.flatMap((bound) => SPEND_KINDS.flatMap((kind): readonly Finding[] => {
    const limit = bound.limits[kind];
    if (limit === undefined || limit === false || limit === 0) return [];
    const after = bound.account.spent[kind];
    const mark = limit * WARN_AT;
    return after >= mark && after - spend[kind] < mark ? [{ bound, kind, limit }] : [];
  }));
}

/** The least that is left of something; undefined when nothing bounds it. */
export function leftOf(bounds: readonly Bound[], kind: SpendKind): number | undefined {
  const left = bounds.flatMap(({ account, limits }) => {
    const limit = limits[kind];
    return limit === undefined || limit === false ? [] : [limit - account.spent[kind]];
  });
  return left.length === 0 ? undefined : Math.max(0, Math.min(...left));
}

function find(bounds: readonly Bound[], isReached: (kind: SpendKind, limit: number, bound: Bound) => boolean): Finding | undefined {
  for (const bound of bounds) {
    for (const kind of SPEND_KINDS) {
      const limit = bound.limits[kind];
      if (limit !== undefined && limit !== false && isReached(kind, limit, bound)) return { bound, kind, limit };
    }
  }
  return undefined;
}

function sumOf(left: Spend, right: Spend, sign: 1 | -1): Spend {
  return {
    modelCalls: left.modelCalls + sign * right.modelCalls,
    inputTokens: left.inputTokens + sign * right.inputTokens,
    outputTokens: left.outputTokens + sign * right.outputTokens,
    cost: left.cost + sign * right.cost,
    toolCalls: left.toolCalls + sign * right.toolCalls,
    turns: left.turns + sign * right.turns,
  };
}
