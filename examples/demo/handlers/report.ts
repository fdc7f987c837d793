import { defineTask } from 'task-system/task';
import * as z from 'zod';
import { aboutIn } from '../codebase/about.ts';
import { planScans } from '../codebase/plan.ts';
import { countNodes, survey } from '../codebase/survey.ts';

const inputSchema = z.strictObject({ folder: z.string(), exclude: z.array(z.string()), paceMs: z.number().min(0) });

/** Reads what a code base says of itself, divides its folders into scans of about the same size, and starts one child task for each. */
export default defineTask({
  input: inputSchema,
  async run({ input, task, subtasks, context, progress, signal }) {
    // SOUL.md and PROJECT.md of the code base, as a model would get them.
    const about = aboutIn(context.instructions);
    const codeBase = { root: input.folder, exclude: input.exclude };
    let listed = 0;
    const tree = await survey(codeBase, () => {
      signal.throwIfAborted();
      listed += 1;
      progress(0, `${listed} folders listed`);
    });
    const groups = planScans(tree);
    const scans: { id: string; label: string }[] = [];
    for (const group of groups) {
      const { id } = await subtasks.spawn({
        type: 'scan',
        input: { ...codeBase, label: group.label, parts: group.parts, paceMs: input.paceMs },
        // A second attempt finds the scans of the first one instead of starting them twice.
        idempotencyKey: `${task.id}:scan:${scans.length}`,
        metadata: task.metadata,
      });
      scans.push({ id, label: group.label });
      progress(100 * scans.length / groups.length, `${scans.length} of ${groups.length} scans started`);
    }
    return { ...countNodes(tree), scans, ...(about === undefined ? {} : { about }) };
  },
});
