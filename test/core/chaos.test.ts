import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { run } from '../support/run.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';

const TASKS = 40;
const SEED = 7;
const CHAOS = join(import.meta.dirname, 'isolation/chaos.ts');

const reportSchema = z.object({
  tasks: z.number(), verdicts: z.record(z.string(), z.number()), wrong: z.array(z.string()), alive: z.number(), zombies: z.number(),
  samples: z.array(z.object({ tasks: z.number(), descriptors: z.number(), heapMb: z.number(), rssMb: z.number(), zombies: z.number() })),
});

const hasKernel = await hasKernelLevel();

// The whole size is run by `npm run chaos`.
describe.skipIf(!hasKernel)('a host whose tasks misbehave in random ways', () => {
  let report: z.infer<typeof reportSchema>;
  beforeAll(async () => {
    const { code, stdout, stderr } = await run(process.execPath, ['--expose-gc', '--disable-warning=ExperimentalWarning', CHAOS, '--tasks', String(TASKS), '--seed', String(SEED), '--json'], { cwd: '/' });
    if (stdout === '') throw new Error(`ended with ${String(code)}: ${stderr}`);
    report = reportSchema.parse(JSON.parse(stdout));
  }, 180_000);

  it('gives each of them the right verdict', () => {
    expect(report.wrong).toEqual([]);
  });

  it('gives each of them exactly one', () => {
    expect(Object.values(report.verdicts).reduce((sum, times) => sum + times, 0)).toBe(TASKS);
  });

  it('tries different kinds of misbehaviour', () => {
    expect(Object.keys(report.verdicts).length).toBeGreaterThan(5);
  });

  it('has no process of theirs left, and no zombie', () => {
    expect([report.alive, report.zombies]).toEqual([0, 0]);
  });

  it('has no more files open at the end than while they run', () => {
    const [first] = report.samples;
    // Each of five tasks that run, and two spares, takes a handful.
    expect(report.samples.at(-1)?.descriptors).toBeLessThan((first?.descriptors ?? 0) + 60);
  });

  it('keeps its heap', () => {
    const [first] = report.samples;
    expect(report.samples.at(-1)?.heapMb).toBeLessThan((first?.heapMb ?? 0) + 16);
  });

  it('never has more zombies than tasks that are just ending', () => {
    expect(Math.max(...report.samples.map(({ zombies }) => zombies))).toBeLessThan(30);
  });
});
