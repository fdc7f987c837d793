import { spawnSync } from 'node:child_process';
import type { LaunchLimits } from '../../policy/sandbox/LaunchPlan.ts';

/** Which share of its processor time a helper may use before it asks for a successor. */
const TIRED_AT = 0.5;
const MICROSECONDS = 1_000_000;

/** Puts limits on the process that asks. */
export type LimitSelf = (limits: LaunchLimits) => boolean;

/**
 * The limits that a helper takes on itself: what it starts has them from the first moment, without a program in between that sets
 * them each time. They cannot be widened again, so it takes those that all processes share, and only once.
 */
export class OwnLimits {
  readonly #limitSelf: LimitSelf;
  readonly #usedSeconds: () => number;
  /** The arguments of those that were taken; empty when that failed. */
  #taken: string | undefined;
  #cpuSeconds = Infinity;

  /** @param usedSeconds the processor time of this process so far. */
  constructor(limitSelf: LimitSelf = limitThisProcess, usedSeconds = ownCpuSeconds) {
    this.#limitSelf = limitSelf;
    this.#usedSeconds = usedSeconds;
  }

  /** Whether a process that is started now has such limits by itself. */
  cover(limits: LaunchLimits | undefined): boolean {
    if (limits?.areShared !== true) return false;
    const wanted = limits.args.join(' ');
    if (this.#taken === undefined) {
      const isTaken = this.#limitSelf(limits);
      this.#taken = isTaken ? wanted : '';
      if (isTaken) this.#cpuSeconds = limits.cpuSeconds ?? Infinity;
    }
    return this.#taken !== '' && this.#taken === wanted;
  }

  /** Whether somebody else should take over before the kernel ends this process. Says so once. */
  areNearlyUsedUp(): boolean {
    if (this.#cpuSeconds === Infinity || this.#usedSeconds() < this.#cpuSeconds * TIRED_AT) return false;
    this.#cpuSeconds = Infinity;
    return true;
  }
}

function limitThisProcess({ program, args }: LaunchLimits): boolean {
  return spawnSync(program, ['--pid', String(process.pid), ...args], { env: {}, stdio: 'ignore' }).status === 0;
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROSECONDS;
}
