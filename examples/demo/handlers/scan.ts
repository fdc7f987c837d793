import { defineTask } from 'task-system/task';
import * as z from 'zod';
import { scanPartSchema } from '../codebase/plan.ts';
import { findFiles, ScanTally } from '../codebase/scan.ts';
import { keepPace } from './pace.ts';

const inputSchema = z.strictObject({
  root: z.string(),
  exclude: z.array(z.string()),
  label: z.string(),
  parts: z.array(scanPartSchema),
  paceMs: z.number().min(0),
});

/** Reads the files of one group of folders: languages, lines, largest files, TODOs, and a hash of each file. */
export default defineTask({
  input: inputSchema,
  async run({ input, progress, signal }) {
    const startedAt = Date.now();
    progress(0, 'listing files', { label: input.label });
    const files = await findFiles(input, input.parts);
    const tally = new ScanTally(input);
    for (const [index, file] of files.entries()) {
      await tally.add(file);
      await keepPace(startedAt, (index + 1) / files.length, input.paceMs, signal);
      progress(100 * (index + 1) / files.length, `${index + 1} of ${files.length} files`, { label: input.label });
    }
    return tally.result(input.label);
  },
});
