import type { LedgerAccount, Spend, SpendKind, SpendLedger } from '../types/Budgets.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { Caller } from '../types/HostCalls.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import { unlessAborted } from '../types/unlessAborted.ts';
import { Account, findNearlySpent, findReserved, findSpent, leftOf, NO_SPEND, type Bound, type Finding } from './Account.ts';

/** What is only known when a call is over. */
const MEASURED: readonly SpendKind[] = ['inputTokens', 'outputTokens', 'cost'];
const PERCENT = 100;

/** What the budgets need of their surroundings. */
export interface BudgetPorts {
  readonly options: Pick<ResolvedOptions, 'budgets' | 'types'>;
  readonly ledger: SpendLedger;
  /** Finds an ancestor. */
  readonly find: (taskId: string) => Promise<TaskRecord | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A call that was let through. */
export interface Admission {
  /** What the answer may take at most, in tokens; undefined when nothing bounds it. */
  readonly outputTokensLeft: number | undefined;
  /** Says what the call has taken; call it once. */
  readonly finish: (measured: Partial<Spend>) => void;
}

/** What one attempt draws from. */
interface Purse {
  readonly task: TaskRecord;
  /** Of the task itself, its ancestors with a budget of their own, and the tree. */
  readonly bounds: readonly Bound[];
  /** All accounts that its spending counts for, without the project's. */
  readonly accounts: readonly Account[];
}

/**
 * What tasks may spend: each for itself, with its ancestors, its tree and its project. Kept in memory while somebody draws from it and
 * written at once, in the order in which it happens. Where calls under way may use up what is left, the next one waits for them: so a
 * budget is overspent by one call at most, unless that call takes far more than could be guessed.
 */
export class Budgets {
  readonly #ports: BudgetPorts;
  readonly #accounts = new Map<string, Promise<Account>>();
  readonly #purses = new WeakMap<AbortSignal, Promise<Purse>>();
  #changed = Promise.withResolvers<undefined>();

  constructor(ports: BudgetPorts) {
    this.#ports = ports;
  }

  /** Counts what happens now. @throws TaskSystemError `BUDGET_SPENT`: then nothing was counted. */
  async charge(caller: Caller, spend: Partial<Spend>): Promise<void> {
    const { bounds, accounts } = await this.#open(caller);
    const wanted = { ...NO_SPEND, ...spend };
    const spent = findSpent(bounds, wanted, []);
    if (spent !== undefined) throw overspent(caller.task, spent);
    this.#write(caller, bounds, accounts, wanted);
  }

  /**
   * Lets a call through that counts `spend` now and will take about `guess`.
   * @throws TaskSystemError `BUDGET_SPENT`, or the reason of `signal`.
   */
  async admit(caller: Caller, spend: Partial<Spend>, guess: Partial<Spend>, signal: AbortSignal): Promise<Admission> {
    const wanted = { ...NO_SPEND, ...spend };
    const reserved = { ...NO_SPEND, ...guess };
    for (;;) {
      signal.throwIfAborted();
      const { bounds, accounts } = await this.#open(caller);
      const spent = findSpent(bounds, wanted, MEASURED);
      if (spent !== undefined) throw overspent(caller.task, spent);
      // From the look to the reservation nobody else gets a turn.
      if (findReserved(bounds, MEASURED) === undefined) return this.#reserve(caller, bounds, accounts, wanted, reserved);
      signal.throwIfAborted();
      await unlessAborted(this.#changed.promise, signal);
    }
  }

  #reserve(caller: Caller, bounds: readonly Bound[], accounts: readonly Account[], wanted: Spend, reserved: Spend): Admission {
    for (const account of accounts) account.reserve(reserved);
    this.#write(caller, bounds, accounts, wanted);
    return {
      outputTokensLeft: leftOf(bounds, 'outputTokens'),
      finish: (measured) => {
        for (const account of accounts) account.release(reserved);
        this.#write(caller, bounds, accounts, { ...NO_SPEND, ...measured });
        this.#changed.resolve(undefined);
        this.#changed = Promise.withResolvers();
      },
    };
  }

  #write(caller: Caller, bounds: readonly Bound[], accounts: readonly Account[], spend: Spend): void {
    const { ledger, clock, logger } = this.#ports;
    if (Object.values(spend).every((amount) => amount === 0)) return;
    for (const account of accounts) account.charge(spend);
    // Not awaited: the order of writes is that of the calls, and no call has to wait for the disk.
    ledger.charge(accounts.map(toLedger), spend, clock.now()).catch((error: unknown) => {
      logger.error(`what task ${caller.task.id} spent could not be written`, { error: serializeError(error) });
    });
    for (const found of findNearlySpent(bounds, spend)) {
      caller.record([{ type: 'task:warning', data: { code: 'BUDGET_NEARLY_SPENT', message: nearlySpent(found) } }]).catch(() => false);
    }
  }

  /** With the account of the project, whose window may have ended since. */
  async #open(caller: Caller): Promise<{ readonly bounds: readonly Bound[]; readonly accounts: readonly Account[] }> {
    const purse = await this.#purse(caller);
    const { project: limits } = this.#ports.options.budgets;
    const window = Math.floor(this.#ports.clock.now() / limits.windowMs);
    const project = await this.#account(`project:${String(limits.windowMs)}:${String(window)}:${caller.task.project}`, undefined);
    return { bounds: [...purse.bounds, { account: project, budget: 'budgets.project', limits }], accounts: [...purse.accounts, project] };
  }

  #purse(caller: Caller): Promise<Purse> {
    const known = this.#purses.get(caller.signal);
    if (known !== undefined) return known;
    const made = this.#makePurse(caller);
    this.#purses.set(caller.signal, made);
    return made;
  }

  async #makePurse({ task, signal }: Caller): Promise<Purse> {
    const { budgets, types } = this.#ports.options;
    const line = await this.#lineOf(task);
    const own = await this.#account(`own:${task.id}`, task.id);
    const totals = await Promise.all(line.map(({ id }) => this.#account(`total:${id}`, id)));
    const ofTypes = line.flatMap((member, place): readonly Bound[] => {
      const [limits, account] = [types.get(member.type)?.budget, totals[place]];
      return limits === undefined || account === undefined ? [] : [{ account, budget: `tasks.${member.type}.budget`, limits }];
    });
    const root = totals.at(-1);
    const ofTree = root === undefined ? [] : [{ account: root, budget: 'budgets.tree', limits: budgets.tree }];
    const accounts = [own, ...totals];
    for (const account of accounts) account.users++;
    const leave = (): void => { for (const account of accounts) this.#leave(account); };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return { task, accounts, bounds: [{ account: own, budget: 'budgets.task', limits: budgets.task }, ...ofTypes, ...ofTree] };
  }

  /** The task and its ancestors, up to the root. */
  async #lineOf(task: TaskRecord): Promise<readonly TaskRecord[]> {
    const line = [task];
    for (let member = task; member.parentId !== undefined;) {
      const parent = await this.#ports.find(member.parentId);
      if (parent === undefined) break;
      line.push(parent);
      member = parent;
    }
    return line;
  }

  #account(key: string, taskId: string | undefined): Promise<Account> {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const made = this.#ports.ledger.spent([key]).then((spent) => new Account(key, taskId, spent.get(key) ?? NO_SPEND));
    this.#accounts.set(key, made);
    // Whoever asks next tries again.
    made.catch(() => { this.#accounts.delete(key); });
    if (taskId === undefined) this.#forgetOldProjects(key);
    return made;
  }

  /** What nobody draws from any more is in the database. */
  #leave(account: Account): void {
    account.users--;
    if (account.users === 0) this.#accounts.delete(account.key);
  }

  #forgetOldProjects(current: string): void {
    const window = current.split(':', 3).join(':');
    for (const key of this.#accounts.keys()) if (key.startsWith('project:') && !key.startsWith(`${window}:`)) this.#accounts.delete(key);
  }
}

function toLedger({ key, taskId }: Account): LedgerAccount {
  return taskId === undefined ? { key } : { key, taskId };
}

function overspent(task: TaskRecord, { bound: { account, budget }, kind, limit }: Finding): TaskSystemError {
  const spent = account.spent[kind];
  return new TaskSystemError('BUDGET_SPENT', `Task ${task.id}: ${budget} allows ${kind} ${String(limit)}, ${String(spent)} are spent`, { taskId: task.id, budget, kind, limit, spent });
}

function nearlySpent({ bound: { account, budget }, kind, limit }: Finding): string {
  const spent = account.spent[kind];
  return `${budget}: ${String(Math.floor((spent / limit) * PERCENT))} % of ${kind} are spent (${String(spent)} of ${String(limit)})`;
}
