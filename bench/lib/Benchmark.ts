import type { Redis } from './Redis.ts';
import type { Summary } from './statistics.ts';

/** A row of the table: ours beside one or more peers that did the same in the same minutes. */
export interface Measure {
  /** What was measured. */
  readonly what: string;
  readonly unit: 'ms' | '1/s' | 'MB' | 'µs' | '%';
  readonly ours: Summary;
  readonly peers: readonly PeerMeasure[];
  readonly mark?: Mark;
  readonly note?: string;
}

/** How a peer did. */
export interface PeerMeasure {
  readonly name: string;
  readonly value: Summary;
  /** Ours divided by the peer's, round by round. */
  readonly ratio: Summary;
}

/** What we want to reach. A mark that is missed is shown, but fails nothing: times depend on the machine. */
export interface Mark {
  readonly text: string;
  readonly isMet: boolean;
}

/** What a benchmark is given. */
export interface BenchmarkContext {
  /** One short round of each, to see that it works. */
  readonly isQuick: boolean;
  /** An empty directory for this benchmark alone. */
  readonly directory: string;
  /** Undefined where there is no redis-server. */
  readonly redis: Redis | undefined;
  /** A folder of data that somebody named, for benchmarks that work on data; else they have their own. */
  readonly data?: string;
  /** A line about what is going on, for whoever waits. */
  readonly say: (text: string) => void;
}

/** A benchmark. Rejects when it crashes or when what it ran did not do its work. */
export interface Benchmark {
  readonly name: string;
  readonly run: (context: BenchmarkContext) => Promise<readonly Measure[]>;
}

/** Work that was not done does not count as fast: throws when a benchmark finds that something is missing. */
export function verify(isRight: boolean, what: string): asserts isRight {
  if (!isRight) throw new Error(`the benchmark did not do its work: ${what}`);
}
