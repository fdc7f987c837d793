import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonValue, TaskSystem } from 'task-system';
import * as z from 'zod';
import { boundHashes, scanResultSchema, type ScanResult } from './codebase/ScanResult.ts';
import type { Outcome } from './outcome.ts';
import { listAll, runOf, toLine, type RunMetadata } from './runs.ts';

/** One run of the demo. */
export interface Run extends RunMetadata {
  /** Where the reports go. */
  readonly root: string;
  readonly paceMs: number;
  /** The project of the code base. */
  readonly project: string;
}

/** The project of the tasks that are not about the code base. */
export const MAINTENANCE = 'maintenance';

/** Below the 1 MiB that the input of a task may have. */
const MERGE_BYTES = 900_000;
const HEAD_LINES = 20;

const planSchema = z.object({ about: z.string().optional(), folders: z.number(), scans: z.array(z.object({ id: z.string() })) });
const mergedSchema = z.object({ markdown: z.string() });

/** Submits the tasks of a run, waits for their outcomes and writes the report. What goes wrong is told in the outcome. */
export async function perform(tasks: TaskSystem, run: Run): Promise<Outcome> {
  try {
    const report = await submitAndWait(tasks, run);
    return { tasks: await tasksOf(tasks, run), report };
  } catch (error) {
    return { tasks: await tasksOf(tasks, run).catch(() => []), problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Each submission carries a key that is made of the run: after a crash the same function is simply called again, finds the
 * tasks that were accepted before, and goes on from where they are.
 */
async function submitAndWait(tasks: TaskSystem, { run, folder, root, paceMs, project }: Run): Promise<NonNullable<Outcome['report']>> {
  const metadata: RunMetadata = { run, folder };
  const common = (name: string): { idempotencyKey: string; metadata: RunMetadata } => ({ idempotencyKey: `${run}:${name}`, metadata });
  const codeBase = { folder, exclude: [root], paceMs };
  const report = await tasks.submit({ type: 'report', project, priority: 'high', input: codeBase, ...common('report') });
  const flaky = await tasks.submit({ type: 'flaky', project: MAINTENANCE, input: { paceMs }, ...common('flaky') });
  const slow = await tasks.submit({ type: 'slow', project: MAINTENANCE, priority: 'low', input: { paceMs }, ...common('slow') });

  const { about, folders, scans } = planSchema.parse(await report.result());
  const results = await Promise.all(scans.map(({ id }) => tasks.handle(id).result()));
  const input = { name: project, folders, scans: bounded(results), ...(about === undefined ? {} : { about }) };
  const summarise = await tasks.submit({ type: 'summarise', project, priority: 'urgent', input, ...common('summarise') });
  const { markdown } = mergedSchema.parse(await summarise.result());
  const path = await writeReport(root, `${project}-${run}.md`, markdown);

  await Promise.allSettled([flaky.result(), slow.result()]);
  return { path, head: headOf(markdown) };
}

/** A report up to the end of its first table, with nothing cut in the middle unless it is long. */
function headOf(markdown: string): string[] {
  const [head = ''] = markdown.split('\n\n## Largest files\n');
  return head.split('\n').slice(0, HEAD_LINES);
}

/** The results of the scans, small enough to be the input of one task. */
function bounded(results: readonly JsonValue[]): ScanResult[] {
  return boundHashes(results.map((result) => scanResultSchema.parse(result)), MERGE_BYTES);
}

async function writeReport(root: string, name: string, markdown: string): Promise<string> {
  const folder = join(root, 'reports');
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, markdown);
  return path;
}

async function tasksOf(tasks: TaskSystem, { run }: Run): Promise<Outcome['tasks']> {
  return (await listAll(tasks)).filter((task) => runOf(task) === run).map(toLine).reverse();
}
