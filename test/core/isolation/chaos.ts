/**
 * Runs thousands of tasks that misbehave in random ways, one after the other and several at once, and looks whether the host stays as it
 * was: its open files, memory, zombies and event loop; and whether each task got the verdict that it should.
 * Usage: npm run chaos -- [--tasks 2000] [--seed 1] [--level kernel] [--json]
 */
import { cpSync, chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { getHeapSpaceStatistics } from 'node:v8';
import { createTaskSystem, ISOLATION_LEVELS, type TaskSystem } from 'task-system';
import { MARKS, rootMarkOf } from '../../../src/lib/task-system/policy/Sandbox.ts';
import { CASES } from './cases.ts';
import { letLoose, typesOf } from './hostile.ts';
import { carries, listProcesses, openDescriptors, reaped, zombiesOf } from './processes.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

/** What is quick enough to be done thousands of times; memory, processes, output, the channel, signals, files and processor time are all in it. */
const CHOSEN = [
  'I01', 'I02', 'I03', 'I04', 'I06', 'I08', 'I09', 'I10', 'I13', 'I14', 'I15', 'I16', 'P01', 'P18', 'P09', 'P16', 'F15', 'F17', 'F21', 'R01', 'R02', 'R03', 'R04', 'R05', 'R07', 'R08', 'R10', 'R12', 'R13', 'R18', 'R19', 'R22',
];
const AT_ONCE = 5;
const SAMPLES = 20;
const MIB = 1_048_576;
const NANOSECONDS = 1e6;
const ignore = (): void => undefined;

const { values } = parseArgs({ options: { tasks: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' }, level: { type: 'string', default: 'kernel' }, json: { type: 'boolean', default: false } } });
const level = ISOLATION_LEVELS.find((known) => known === values.level) ?? 'kernel';
const folder = mkdtempSync('/var/tmp/task-system-chaos-');
try {
  const report = await run(Number(values.tasks), Number(values.seed));
  process.stdout.write(values.json ? JSON.stringify(report) : describe(report));
  process.exitCode = report.wrong.length + report.alive + report.zombies === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** How the host was at one moment. */
interface Sample {
  /** Tasks that have ended by then. */
  readonly tasks: number;
  readonly descriptors: number;
  readonly heapMb: number;
  readonly rssMb: number;
  /** Of it V8's young generation, which grows with what is allocated at a time, up to a bound of its own (`--max-semi-space-size`). */
  readonly youngMb: number;
  readonly zombies: number;
  /** 99th percentile since the sample before, in milliseconds. */
  readonly loopDelayMs: number;
}

interface Report {
  readonly tasks: number;
  readonly seconds: number;
  /** Verdicts by how often they were given. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
  readonly samples: readonly Sample[];
  /** Processes of tasks that live after everything has been closed. */
  readonly alive: number;
  readonly zombies: number;
}

async function run(count: number, seed: number): Promise<Report> {
  chmodSync(folder, 0o755);
  const app = join(folder, 'app');
  cpSync(join(import.meta.dirname, 'app'), app, { recursive: true });
  const scenarios = SCENARIOS.filter(({ id }) => CHOSEN.includes(id));
  const root = join(folder, 'root');
  const system = await createTaskSystem({
    root, tasks: typesOf(scenarios, app, level), sandbox: { level }, queue: { maxConcurrent: AT_ONCE }, workspaces: { keepFailedMs: 0 },
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  const started = performance.now();
  const { verdicts, wrong, samples } = await letAllLoose(system, scenarios, count, randomFrom(seed));
  await system.close({ graceMs: 0 });
  await reaped();
  const alive = listProcesses().filter((pid) => carries(pid, `${MARKS.root}=${rootMarkOf(root)}`)).length;
  return { tasks: count, seconds: Math.round((performance.now() - started) / 1_000), verdicts, wrong, samples, alive, zombies: zombiesOf(process.pid).length };
}

async function letAllLoose(system: TaskSystem, scenarios: readonly Scenario[], count: number, random: () => number): Promise<Pick<Report, 'verdicts' | 'wrong' | 'samples'>> {
  const verdicts: Record<string, number> = {};
  const wrong: string[] = [];
  const samples: Sample[] = [];
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  let begun = 0;
  let ended = 0;
  const worker = async (): Promise<void> => {
    while (begun++ < count) {
      const scenario = scenarios[Math.floor(random() * scenarios.length)];
      if (scenario === undefined) return;
      const outcome = await letLoose(system, scenario);
      verdicts[outcome] = (verdicts[outcome] ?? 0) + 1;
      const right = CASES.find(({ id }) => id === scenario.id)?.outcomes[level] ?? '';
      if (!right.split('|').includes(outcome)) wrong.push(`${scenario.id} (${scenario.kind}): ${outcome} instead of ${right}`);
      if (++ended % Math.ceil(count / SAMPLES) !== 0) continue;
      samples.push(sampleAt(ended, loop.percentile(99) / NANOSECONDS));
      loop.reset();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE * 2 }, worker));
  loop.disable();
  return { verdicts, wrong, samples };
}

function sampleAt(tasks: number, loopDelayMs: number): Sample {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.physical_space_size ?? 0;
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return { tasks, descriptors: openDescriptors(), heapMb: rounded(heapUsed / MIB), rssMb: rounded(rss / MIB), youngMb: rounded(young / MIB), zombies: zombiesOf(process.pid).length, loopDelayMs: rounded(loopDelayMs) };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function describe({ tasks, seconds, verdicts, wrong, samples, alive, zombies }: Report): string {
  return [
    `${String(tasks)} tasks in ${String(seconds)} s at the level ${level}`,
    `verdicts: ${Object.entries(verdicts).map(([code, times]) => `${code} ${String(times)}`).join(', ')}`,
    'tasks  descriptors  heap MB  memory MB  of it young  zombies  loop delay ms (p99)',
    ...samples.map((sample) => [sample.tasks, sample.descriptors, sample.heapMb, sample.rssMb, sample.youngMb, sample.zombies, sample.loopDelayMs].map((value) => String(value).padStart(8)).join('  ')),
    `wrong verdicts: ${String(wrong.length)}, processes left: ${String(alive)}, zombies left: ${String(zombies)}`,
    ...wrong, '',
  ].join('\n');
}
