import { join } from 'node:path';
import { serializeError, type SerializedError } from '../../types/Errors.ts';
import type { CgroupController } from '../../types/Isolation.ts';
import type { Clock } from '../../types/Ports.ts';
import type { ResolvedLimits } from '../../types/ResolvedOptions.ts';
import type { LimitBreach } from '../limits/usage.ts';
import { codeOf, readCounters, type CgroupFiles } from './CgroupFiles.ts';
import { groupSettings, maxMemory, maxTasks } from './groupLimits.ts';

const US_PER_MS = 1_000;
/** Killed processes leave their group within milliseconds, unless the machine is very busy. */
const MAX_LOOKS = 200;
const LOOK_INTERVAL_MS = 5;

/** What groups are made with. */
export interface GroupPorts {
  readonly files: CgroupFiles;
  readonly clock: Clock;
  /** What the kernel holds groups to here. */
  readonly held: readonly CgroupController[];
}

/** What was seen of a group that goes. */
interface Seen {
  readonly cpuMs: number;
  readonly breach: LimitBreach | undefined;
}

/**
 * The control group of one attempt: the kernel counts and limits what all its processes use together, knows who belongs to it whatever
 * they do, and ends them with one word.
 */
export class TaskGroup {
  /** Settles when the processes are in it and its first limits hold, or when that failed (`problem`). */
  readonly entered: Promise<void>;
  readonly #path: string;
  readonly #ports: GroupPorts;
  readonly #made: Promise<void>;
  #limits: Pick<ResolvedLimits, 'memoryMb' | 'processes' | 'cpus'> | undefined;
  #problem: SerializedError | undefined;
  #hasEntered = false;
  #seen: Seen | undefined;

  /** @param members the processes of the attempt, once all of them are there and none has begun with the task. */
  constructor(path: string, members: Promise<readonly number[]>, ports: GroupPorts) {
    this.#path = path;
    this.#ports = ports;
    this.#made = this.#try(() => ports.files.make(path));
    this.entered = this.#enter(members);
  }

  /** Why its processes are not held by it; undefined when they are, or when that is not known yet. */
  get problem(): SerializedError | undefined {
    return this.#problem;
  }

  /** What the kernel holds its processes to. */
  get held(): readonly CgroupController[] {
    return this.#hasEntered && this.#problem === undefined ? this.#ports.held : [];
  }

  /** The processes in it. */
  get pids(): readonly number[] {
    return (this.#read('cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number);
  }

  /** CPU time of all that were ever in it; 0 when nothing can be read. */
  get cpuMs(): number {
    return this.#seen?.cpuMs ?? (readCounters(this.#ports.files, join(this.#path, 'cpu.stat')).get('usage_usec') ?? 0) / US_PER_MS;
  }

  /** Which limit the kernel had to put its foot down for; undefined when for none. Stays readable when the group is gone. */
  get breach(): LimitBreach | undefined {
    return this.#seen === undefined ? this.#readBreach() : this.#seen.breach;
  }

  /** Sets the limits, once its processes are in it. Never rejects: see `problem`. */
  async limit(limits: Pick<ResolvedLimits, 'memoryMb' | 'processes' | 'cpus'>): Promise<void> {
    this.#limits = limits;
    await this.entered;
    for (const { file, value, isOptional = false } of groupSettings(limits, this.held)) {
      await this.#try(() => this.#write(file, value).catch((error: unknown) => { if (!isOptional) throw error; }));
    }
  }

  /**
   * Ends everything in it and removes it.
   * @returns false when something in it could not be ended.
   */
  async remove(): Promise<boolean> {
    this.#seen ??= { cpuMs: this.cpuMs, breach: this.#readBreach() };
    await this.#made;
    const { files, clock } = this.#ports;
    for (let look = 0; look < MAX_LOOKS; look++) {
      await this.#write('cgroup.kill', '1').catch(() => undefined);
      const problem = await files.remove(this.#path).catch(codeOf);
      if (problem === undefined) return true;
      await new Promise<void>((resolve) => { clock.setTimer(LOOK_INTERVAL_MS, resolve, true); });
    }
    return false;
  }

  async #enter(members: Promise<readonly number[]>): Promise<void> {
    await this.#made;
    let pids: readonly number[] = [];
    await this.#try(async () => { pids = await members; });
    // One after the other: each move waits for the kernel, and together they would only wait for each other.
    for (const pid of pids) await this.#try(() => this.#write('cgroup.procs', String(pid)));
    this.#hasEntered = this.#seen === undefined;
  }

  async #try(work: () => Promise<void>): Promise<void> {
    if (this.#problem !== undefined || this.#seen !== undefined) return;
    await work().catch((error: unknown) => { this.#problem = serializeError(error); });
  }

  #readBreach(): LimitBreach | undefined {
    if (this.#limits === undefined) return undefined;
    const memory = maxMemory(this.#limits);
    const tasks = maxTasks(this.#limits);
    if (memory !== undefined && (this.#events('memory').get('oom_kill') ?? 0) > 0) return this.#breachOf('memory', 'bytes', memory);
    if (tasks !== undefined && (this.#events('pids').get('max') ?? 0) > 0) return this.#breachOf('processes', 'threads', tasks);
    return undefined;
  }

  #breachOf(limit: LimitBreach['limit'], unit: LimitBreach['unit'], allowed: number): LimitBreach {
    // Kernels before 6.1 (memory: 5.19) do not keep the peak; where they refused, it was the limit itself.
    const peak = Number(this.#read(limit === 'memory' ? 'memory.peak' : 'pids.peak') ?? allowed);
    return { limit, unit, allowed, seen: peak, peak, mechanism: 'kernel' };
  }

  #events(controller: 'memory' | 'pids'): ReadonlyMap<string, number> {
    return readCounters(this.#ports.files, join(this.#path, `${controller}.events`));
  }

  #read(file: string): string | undefined {
    return this.#ports.files.read(join(this.#path, file));
  }

  #write(file: string, text: string): Promise<void> {
    return this.#ports.files.write(join(this.#path, file), text);
  }
}
