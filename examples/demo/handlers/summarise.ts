import { defineTask } from 'task-system/task';
import * as z from 'zod';
import { renderReport } from '../codebase/markdown.ts';
import { mergeScans } from '../codebase/merge.ts';
import { scanResultSchema } from '../codebase/ScanResult.ts';

const inputSchema = z.strictObject({ name: z.string(), about: z.string().optional(), folders: z.int().min(0), scans: z.array(scanResultSchema) });

/** Puts the results of all scans together into one report. */
export default defineTask({
  input: inputSchema,
  run({ input, progress }) {
    progress(0, `merging ${input.scans.length} scans`);
    const summary = mergeScans(input.scans, input.folders);
    progress(50, 'writing the report');
    const markdown = renderReport(input.name, summary, input.about);
    progress(100, `${summary.files} files, ${summary.lines} lines`);
    return { files: summary.files, lines: summary.lines, todos: summary.todoCount, duplicates: summary.duplicates.length, markdown };
  },
});
