import type { Clock, Timer } from '../../types/Ports.ts';
import type { ResolvedLimits } from '../../types/ResolvedOptions.ts';
import type { DiskUsage } from './DiskMeter.ts';
import { nextSampleMs, Trend } from './schedule.ts';
import { THREADS_PER_PROCESS, type LimitBreach, type TreeUsage, type UsageReader } from './usage.ts';

const MIB = 1_048_576;
const USAGE_INTERVAL_MS = 1_000;
const FIRST_DISK_MS = 250;
const DISK_INTERVAL_MS = 250;
/** Walking a large workspace takes time: the next walk waits this long for each entry, about twenty times what it took. */
const DISK_MS_PER_ENTRY = 0.06;

type Watched = 'memory' | 'cpu' | 'processes' | 'threads';

/** Who hears what is seen. */
export interface WatchListener {
  /** At most once a second. */
  onUsage(usage: TreeUsage): void;
  /** A limit is exceeded; called once. */
  onBreach(breach: LimitBreach): void;
}

/** What a watch works with. */
export interface WatchPorts {
  readonly clock: Clock;
  readonly reader: UsageReader;
  /** Measures the workspace; may stop above the given number of bytes. */
  readonly measureDisk: (stopAbove: number) => Promise<DiskUsage>;
}

/** The highest values of one attempt. */
export interface Peaks {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly processes: number;
  /** Undefined when the workspace was never measured: the attempt was short. */
  readonly workspaceBytes?: number;
}

/** Watches the processes and the workspace of one attempt against its limits. */
export class UsageWatch {
  readonly #ports: WatchPorts;
  readonly #trends: Readonly<Record<Watched, Trend>>;
  readonly #disk: Trend;
  readonly #diskLimit: number;
  readonly #limits: Readonly<Record<Watched, number>>;
  readonly #startedAt: number;
  #listener: WatchListener | undefined;
  #timers: Timer[] = [];
  #usageAt = -Infinity;
  #wasMeasured = false;

  constructor(limits: ResolvedLimits, ports: WatchPorts) {
    const bound = (value: number | false, unit = 1): number => (value === false ? Infinity : value * unit);
    const processes = bound(limits.processes);
    this.#ports = ports;
    this.#startedAt = ports.clock.now();
    this.#limits = { memory: bound(limits.memoryMb, MIB), cpu: bound(limits.cpuMs), processes, threads: processes * THREADS_PER_PROCESS };
    this.#diskLimit = bound(limits.workspaceMb, MIB);
    this.#disk = new Trend(this.#diskLimit, this.#startedAt);
    const trend = (name: Watched): Trend => new Trend(this.#limits[name], this.#startedAt);
    this.#trends = { memory: trend('memory'), cpu: trend('cpu'), processes: trend('processes'), threads: trend('threads') };
  }

  /** The highest values so far. */
  get peaks(): Peaks {
    const { memory, cpu, processes } = this.#trends;
    return {
      cpuMs: cpu.peak, memoryBytes: memory.peak, processes: processes.peak,
      ...(this.#wasMeasured ? { workspaceBytes: this.#disk.peak } : {}),
    };
  }

  /** Begins to watch. */
  start(listener: WatchListener): void {
    this.#listener = listener;
    this.#scheduleSample();
    this.#after(FIRST_DISK_MS, () => { void this.#measure(); });
  }

  /** Ends the watch, with a last look at the processes. */
  async finish(): Promise<Peaks> {
    this.#stop();
    await this.#read();
    return this.peaks;
  }

  #stop(): void {
    this.#listener = undefined;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #after(delayMs: number, callback: () => void): void {
    if (this.#listener === undefined) return;
    const timer = this.#ports.clock.setTimer(delayMs, () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
      callback();
    });
    this.#timers.push(timer);
  }

  #scheduleSample(): void {
    const trends = Object.values(this.#trends);
    const delayMs = nextSampleMs({
      ageMs: this.#ports.clock.now() - this.#startedAt,
      share: Math.max(...trends.map((trend) => trend.share)),
      msToLimit: Math.min(...trends.map((trend) => trend.msToLimit)),
    });
    this.#after(Math.max(delayMs, this.#ports.reader.minIntervalMs), () => { void this.#sample(); });
  }

  async #sample(): Promise<void> {
    const usage = await this.#read();
    if (usage !== undefined) {
      this.#report(usage);
      this.#judge();
    }
    this.#scheduleSample();
  }

  async #read(): Promise<TreeUsage | undefined> {
    const { reader, clock } = this.#ports;
    const rough = await reader.read().catch(() => undefined);
    if (rough === undefined) return undefined;
    const isOver = rough.memoryBytes > this.#limits.memory;
    const usage = isOver ? { ...rough, memoryBytes: reader.exactMemory() ?? rough.memoryBytes } : rough;
    const now = clock.now();
    this.#trends.memory.push(usage.memoryBytes, now);
    this.#trends.cpu.push(usage.cpuMs, now);
    this.#trends.processes.push(usage.processes, now);
    this.#trends.threads.push(usage.threads, now);
    return usage;
  }

  #report(usage: TreeUsage): void {
    const now = this.#ports.clock.now();
    if (now - this.#usageAt < USAGE_INTERVAL_MS) return;
    this.#usageAt = now;
    this.#listener?.onUsage(usage);
  }

  #judge(): void {
    const { memory, cpu, processes, threads } = this.#trends;
    if (memory.isOver) this.#breach('memory', 'bytes', memory, this.#limits.memory);
    else if (processes.isOver) this.#breach('processes', 'processes', processes, this.#limits.processes);
    else if (threads.isOver) this.#breach('processes', 'threads', threads, this.#limits.threads);
    else if (cpu.isOver) this.#breach('cpu', 'ms', cpu, this.#limits.cpu);
  }

  async #measure(): Promise<void> {
    const usage = await this.#ports.measureDisk(this.#diskLimit).catch(() => undefined);
    if (usage !== undefined) {
      this.#wasMeasured = true;
      this.#disk.push(usage.bytes, this.#ports.clock.now());
      if (this.#disk.isOver) this.#breach('disk', 'bytes', this.#disk, this.#diskLimit);
    }
    const quiet = Math.max(DISK_INTERVAL_MS, (usage?.entries ?? 0) * DISK_MS_PER_ENTRY);
    this.#after(quiet, () => { void this.#measure(); });
  }

  #breach(limit: LimitBreach['limit'], unit: LimitBreach['unit'], trend: Trend, allowed: number): void {
    const listener = this.#listener;
    this.#stop();
    listener?.onBreach({ limit, unit, allowed, seen: trend.value, peak: trend.peak, mechanism: 'watched' });
  }
}
