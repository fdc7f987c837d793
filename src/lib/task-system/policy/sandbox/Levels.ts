import { TaskSystemError } from '../../types/Errors.ts';
import { ISOLATION_LEVELS, isAtLeast, type IsolationLevel, type LevelReport } from '../../types/Isolation.ts';
import { mayEverCall } from '../ToolPolicy.ts';
import type { ResolvedSandbox, ResolvedTaskType } from '../../types/ResolvedOptions.ts';

/** What decides at which level a task type runs. */
export type LevelWish = Pick<ResolvedTaskType, 'name' | 'untrusted' | 'sandbox' | 'policy'>;

/** The level of a task type. */
export interface ChosenLevel {
  readonly level: IsolationLevel;
  /** What a person should know: set when the level is less than `kernel` though nobody asked for that. */
  readonly warning?: string;
}

/** Chooses levels by what works here and what is asked for. Nothing is ever weaker than asked for. */
export class Levels {
  readonly #settings: Pick<ResolvedSandbox, 'level' | 'require'>;
  readonly #reports: ReadonlyMap<IsolationLevel, LevelReport>;

  /** @param reports of the levels that were probed; one that was not counts as missing, except for `process`. */
  constructor(settings: Pick<ResolvedSandbox, 'level' | 'require'>, reports: readonly LevelReport[]) {
    this.#settings = settings;
    this.#reports = new Map(reports.map((report) => [report.level, report]));
  }

  /** The strongest level that works. */
  get strongest(): IsolationLevel {
    return [...ISOLATION_LEVELS].reverse().find((level) => this.#works(level)) ?? 'process';
  }

  /** @throws TaskSystemError `SANDBOX_UNAVAILABLE` when the system requires more than there is. */
  check(): void {
    const { level, require } = this.#settings;
    const chosen = level ?? this.strongest;
    if (!this.#works(chosen)) throw this.#unavailable(chosen, 'sandbox.level asks for it');
    if (require !== undefined && !isAtLeast(chosen, require)) throw this.#unavailable(require, 'sandbox.require asks for it');
  }

  /** @throws TaskSystemError `SANDBOX_UNAVAILABLE` when the type requires more than there is. */
  choose(type: LevelWish): ChosenLevel {
    const forced = type.sandbox.level ?? this.#settings.level;
    const strongest = this.strongest;
    // The permission model lets no program start; a hole for them would be one for everything.
    const level = forced ?? (strongest === 'permission-model' && mayEverCall(type.policy, 'shell.run') ? 'process' : strongest);
    const required = this.#required(type);
    if (!this.#works(level)) throw this.#unavailable(level, `task type "${type.name}" runs at it`);
    if (required !== undefined && !isAtLeast(level, required)) throw this.#unavailable(required, `task type "${type.name}" requires it`);
    if (forced !== undefined || level === 'kernel') return { level };
    return { level, warning: `runs at the level "${level}": ${this.#problems('kernel')}` };
  }

  /** Code that is not trusted is only let loose in less than a kernel sandbox where its own type says so in so many words. */
  #required({ untrusted, sandbox, policy }: LevelWish): IsolationLevel | undefined {
    if (sandbox.require !== undefined) return sandbox.require;
    if (untrusted || mayEverCall(policy, 'shell.run')) return sandbox.level ?? 'kernel';
    return this.#settings.require;
  }

  #works(level: IsolationLevel): boolean {
    return level === 'process' || this.#reports.get(level)?.available === true;
  }

  #problems(level: IsolationLevel): string {
    return this.#reports.get(level)?.problems.map(({ what, fix }) => `${what} ${fix}`).join(' ') ?? `the level "${level}" was not looked for`;
  }

  #unavailable(level: IsolationLevel, who: string): TaskSystemError {
    const problems = this.#works(level) ? `A weaker level is set by sandbox.level` : this.#problems(level);
    return new TaskSystemError('SANDBOX_UNAVAILABLE', `The level is "${level}" (${who}). ${problems}`, { level });
  }
}
