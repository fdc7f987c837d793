import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ISOLATION_LEVELS } from '../../src/lib/task-system/types/Isolation.ts';
import { run } from '../support/run.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';

const TASKS = { 'kernel': 60, 'permission-model': 30, 'process': 30 } as const;
const SEED = 7;
/** Ends what hangs: more than ten times what it takes. */
const CHAOS_MS = 900_000;
const CHAOS = join(import.meta.dirname, 'isolation/chaos.ts');

const reportSchema = z.object({
  tasks: z.number(), verdicts: z.record(z.string(), z.number()), wrong: z.array(z.string()), alive: z.number(), zombies: z.number(),
  samples: z.array(z.object({ tasks: z.number(), descriptors: z.number(), heapMb: z.number(), rssMb: z.number(), zombies: z.number() })),
});

const hasKernel = await hasKernelLevel();

// The whole size is run by `npm run chaos`.
describe.each(ISOLATION_LEVELS)('a host whose tasks misbehave in random ways at the level "%s"', (level) => {
  const isMissing = level === 'kernel' && !hasKernel;
  let report: z.infer<typeof reportSchema>;
  beforeAll(async () => {
    if (isMissing) return;
    const { code, stdout, stderr } = await run(process.execPath, ['--expose-gc', '--disable-warning=ExperimentalWarning', CHAOS, '--tasks', String(TASKS[level]), '--seed', String(SEED), '--level', level, '--json'], { cwd: '/', timeoutMs: CHAOS_MS });
    if (stdout === '') throw new Error(`ended with ${String(code)}: ${stderr}`);
    report = reportSchema.parse(JSON.parse(stdout));
  }, CHAOS_MS + 60_000);

  it.skipIf(isMissing)('gives each of them the right verdict', () => {
    expect(report.wrong).toEqual([]);
  });

  it.skipIf(isMissing)('gives each of them exactly one', () => {
    expect(Object.values(report.verdicts).reduce((sum, times) => sum + times, 0)).toBe(TASKS[level]);
  });

  it.skipIf(isMissing)('tries different kinds of misbehaviour', () => {
    expect(Object.keys(report.verdicts).length).toBeGreaterThan(5);
  });

  it.skipIf(isMissing)('has no process of theirs left, and no zombie', () => {
    expect([report.alive, report.zombies]).toEqual([0, 0]);
  });

  it.skipIf(isMissing)('has no more files open at the end than while they run', () => {
    const [first] = report.samples;
    // Each of five tasks that run, and two spares, takes a handful.
    expect(report.samples.at(-1)?.descriptors).toBeLessThan((first?.descriptors ?? 0) + 60);
  });

  it.skipIf(isMissing)('keeps its heap', () => {
    const [first] = report.samples;
    expect(report.samples.at(-1)?.heapMb).toBeLessThan((first?.heapMb ?? 0) + 16);
  });

  it.skipIf(isMissing)('never has more zombies than tasks that are just ending', () => {
    expect(Math.max(...report.samples.map(({ zombies }) => zombies))).toBeLessThan(30);
  });
});
