import type { LimitOptions } from '../../../src/lib/task-system/types/Options.ts';

/** One task that does something wrong, and what it is given to do it with. */
export interface Scenario {
  /** The case that it proves. */
  readonly id: string;
  /** Name of a misbehaviour of `app/misbehaves.mjs`. */
  readonly kind: string;
  /** Another handler than that, by its file; then `kind` is its input. */
  readonly file?: string;
  readonly input?: Readonly<Record<string, string | number | boolean>>;
  readonly limits?: LimitOptions;
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Counts at the levels at which the time is to be up. @defaultValue 10 min: a verdict comes long before */
  readonly timeoutMs?: number;
  /** Whether the test cancels it once it runs. */
  readonly isCancelled?: boolean;
}

/** A value that the hosts of the suite have registered as a secret. */
export const REGISTERED = 'hush-hush-42';

const GARBAGE = 'sends-garbage.mjs';
const SMALL = { memoryMb: 150 };

/** The tasks of the isolation suite that end with a verdict of the host. */
export const SCENARIOS: readonly Scenario[] = [
  { id: 'I01', kind: 'not json', file: GARBAGE },
  { id: 'I02', kind: 'random bytes', file: GARBAGE },
  { id: 'I03', kind: 'huge length', file: GARBAGE },
  { id: 'I04', kind: 'unknown type', file: GARBAGE },
  { id: 'I05', kind: 'a frame without end', timeoutMs: 1_000 },
  { id: 'I06', kind: 'a message of 200 MB' },
  { id: 'I07', kind: 'flood', file: 'floods-channel.mjs', input: { messages: 20_000 } },
  { id: 'I08', kind: 'open files over the channel', timeoutMs: 3_000 },
  { id: 'I09', kind: 'names that objects inherit' },
  { id: 'I10', kind: 'two results' },
  { id: 'I15', kind: 'a result for another task' },
  { id: 'I16', kind: 'deep nesting', file: GARBAGE },
  { id: 'I11', kind: 'no channel any more', timeoutMs: 1_000 },
  { id: 'I18', kind: 'no channel' },
  { id: 'I17', kind: 'silence', timeoutMs: 1_000 },
  { id: 'I13', kind: 'output', file: 'floods-output.mjs', input: { megabytes: 64 }, limits: { outputBytes: 100_000 } },
  { id: 'I14', kind: 'policy field', file: GARBAGE },
  { id: 'E06', kind: 'a secret in an error', env: { KEY: REGISTERED } },
  { id: 'P01', kind: 'a daemon' },
  { id: 'P02', kind: 'a daemon, and no end', timeoutMs: 1_000 },
  { id: 'P18', kind: 'a daemon, and a crash' },
  { id: 'P09', kind: 'no ear for signals', isCancelled: true },
  { id: 'P16', kind: 'a stop of its own', timeoutMs: 1_000 },
  { id: 'P10', kind: 'orphans', limits: { processes: false } },
  { id: 'F15', kind: 'pipes and sockets as files' },
  { id: 'F16', kind: 'folders 1,000 deep' },
  { id: 'F17', kind: 'folders that nobody may enter' },
  { id: 'F21', kind: 'a file of a terabyte', limits: { workspaceMb: 20 } },
  { id: 'R01', kind: 'buffers', limits: SMALL },
  { id: 'R02', kind: 'the heap', limits: SMALL },
  { id: 'R03', kind: 'strings', limits: SMALL },
  { id: 'R04', kind: 'WebAssembly', limits: SMALL },
  { id: 'R05', kind: 'ten processes', file: 'allocates.mjs', input: { children: 10 }, limits: { memoryMb: 200 } },
  { id: 'R07', kind: 'processes without end', limits: { processes: 30 } },
  { id: 'R08', kind: 'threads', limits: { processes: 2 } },
  { id: 'R10', kind: 'a loop', limits: { cpuMs: 300 } },
  { id: 'R11', kind: 'a loop that catches SIGXCPU', limits: { cpuMs: 300 } },
  { id: 'R12', kind: 'many short loops', limits: { cpuMs: 500 } },
  { id: 'R13', kind: 'sleep', timeoutMs: 500 },
  { id: 'R14', kind: 'a loop', timeoutMs: 700 },
  { id: 'R15', kind: 'one file', file: 'fills-disk.mjs', input: { oneFile: true }, limits: { workspaceMb: 20 } },
  { id: 'R16', kind: 'many files', file: 'fills-disk.mjs', limits: { workspaceMb: 20 } },
  { id: 'R17', kind: 'empty files', file: 'fills-disk.mjs', input: { empty: true }, limits: { workspaceMb: 20 } },
  { id: 'R18', kind: 'open files' },
  { id: 'R19', kind: 'watches' },
  { id: 'R20', kind: 'an expression that backtracks', limits: { cpuMs: 500 } },
  { id: 'R21', kind: 'a small archive of much', limits: SMALL },
  { id: 'R22', kind: 'JSON', limits: SMALL },
];
