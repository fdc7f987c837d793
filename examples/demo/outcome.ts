import * as z from 'zod';

/** One task as the tables show it. */
export const taskLineSchema = z.object({
  id: z.string(),
  type: z.string(),
  label: z.string().optional(),
  project: z.string(),
  priority: z.number(),
  state: z.enum(['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled']),
  attempts: z.number(),
  interruptions: z.number(),
  createdAt: z.number(),
  finishedAt: z.number().optional(),
  error: z.string().optional(),
  /** The run of the demo that it belongs to. */
  run: z.string().optional(),
});

/** See {@link taskLineSchema}. */
export type TaskLine = z.infer<typeof taskLineSchema>;

/** How a run of the demo ended. */
export const outcomeSchema = z.object({
  /** Every task of the run, in order of submission. */
  tasks: z.array(taskLineSchema),
  /** The written report: its path and first lines. */
  report: z.object({ path: z.string(), head: z.array(z.string()) }).optional(),
  /** What kept the run from its end. */
  problem: z.string().optional(),
});

/** See {@link outcomeSchema}. */
export type Outcome = z.infer<typeof outcomeSchema>;

/** Compares an outcome with what the demo is meant to show; one sentence for each difference. */
export function findSurprises({ tasks, report, problem }: Outcome): string[] {
  const surprises = problem === undefined ? [] : [problem];
  if (report === undefined) surprises.push('no report was written');
  for (const type of ['report', 'summarise', 'flaky', 'slow']) {
    const count = tasks.filter((task) => task.type === type).length;
    if (count !== 1) surprises.push(`there should be one ${type} task, not ${count}`);
  }
  for (const task of tasks) {
    const expected = task.type === 'slow' ? 'cancelled' : 'completed';
    const why = task.error === undefined ? '' : ` (${task.error})`;
    const name = task.label === undefined ? task.type : `${task.type} ${task.label}`;
    if (task.state !== expected) surprises.push(`${name} should be ${expected}, but is ${task.state}${why}`);
    if (task.type === 'flaky' && task.attempts < 2) surprises.push(`flaky should have needed a second attempt, but had ${task.attempts}`);
  }
  return surprises;
}
