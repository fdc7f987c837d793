/** What is counted of a task, in the order of the columns in which it is stored. */
export const SPEND_KINDS = ['modelCalls', 'inputTokens', 'outputTokens', 'cost', 'toolCalls', 'turns'] as const;

/** Something that is counted. */
export type SpendKind = (typeof SPEND_KINDS)[number];

/** How much of each was used. */
export type Spend = Readonly<Record<SpendKind, number>>;

/** How much of each may be used. `false`: any amount. What is left out has its default (see {@link BudgetOptions}). */
export interface SpendLimits {
  /** Calls of models, repeated ones counted once. */
  readonly modelCalls?: number | false;
  /** Tokens of what models were sent, as their providers count them. */
  readonly inputTokens?: number | false;
  /** Tokens of what models said, as their providers count them. */
  readonly outputTokens?: number | false;
  /** In the currency of the price table (`models.<name>.price`); models without a price cost nothing. */
  readonly cost?: number | false;
  /** Calls of tools, also those that were denied. */
  readonly toolCalls?: number | false;
  /** Steps of `runAgent`: one answer of the model and the tools that it calls. */
  readonly turns?: number | false;
}

/**
 * What tasks may spend before they are stopped with `BUDGET_SPENT`; at 80 % there is a `task:warning`. What counts is kept in the
 * database: neither a retry nor a restart of the host starts anew.
 */
export interface BudgetOptions {
  /** What a task may spend by itself. @defaultValue 500 model calls, 10 and 1 million tokens in and out, a cost of 10, 2,000 tool calls, 500 turns */
  readonly task?: SpendLimits;
  /** What a task may spend together with all its descendants, however many there are. @defaultValue four times that of a task */
  readonly tree?: SpendLimits;
  /** What all tasks of a project may spend together within `windowMs`. @defaultValue twenty times that of a task */
  readonly project?: ProjectSpendLimits;
}

/** Limits of a project, which lives longer than its tasks. */
export interface ProjectSpendLimits extends SpendLimits {
  /** After this time the count of a project starts anew, in milliseconds. @defaultValue 86_400_000 (24 hours, from midnight UTC) */
  readonly windowMs?: number;
}

/** {@link SpendLimits} with every default filled in. */
export type ResolvedSpendLimits = Readonly<Record<SpendKind, number | false>>;

/** {@link BudgetOptions} with every default filled in. */
export interface ResolvedBudgets {
  readonly task: ResolvedSpendLimits;
  readonly tree: ResolvedSpendLimits;
  readonly project: ResolvedSpendLimits & { readonly windowMs: number };
}

/** Where what was spent is kept: one row for each account. */
export interface SpendLedger {
  /** What was spent of each account so far; those that never spent anything are left out. */
  readonly spent: (accounts: readonly string[]) => Promise<ReadonlyMap<string, Spend>>;
  /** Adds to each of the accounts. `taskId`: the row goes with this task. */
  readonly charge: (accounts: readonly LedgerAccount[], spend: Spend, time: number) => Promise<void>;
}

/** An account as it is written. */
export interface LedgerAccount {
  readonly key: string;
  /** The task with which it is pruned; accounts without one go by age. */
  readonly taskId?: string;
}
