import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineTask, type JsonValue } from 'task-system/task';
import * as z from 'zod';

const survey = z.object({ folder: z.string(), files: z.number(), lines: z.number(), exports: z.number() });

/**
 * Surveys one folder: reads its own files and leaves each folder in it to a child. It does not wait for them: it returns, and `join`
 * adds up what they found, in a process of its own, once they are done.
 */
export default defineTask({
  input: z.object({ folder: z.string() }),
  async run({ input, subtasks }) {
    const entries = await readdir(input.folder, { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isDirectory())) {
      await subtasks.spawn({ type: 'survey', input: { folder: path.join(input.folder, name) }, key: name });
    }
    const texts = await Promise.all(entries.filter(({ name }) => name.endsWith('.ts')).map(({ name }) => readFile(path.join(input.folder, name), 'utf8')));
    return {
      folder: path.basename(input.folder),
      files: texts.length,
      lines: texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0),
      exports: texts.reduce((sum, text) => sum + (text.match(/^export /gm)?.length ?? 0), 0),
    };
  },
  join({ children, returned }): JsonValue {
    const own = survey.parse(returned);
    const found = children.map(({ result }) => survey.parse(result));
    const sum = (field: 'files' | 'lines' | 'exports'): number => found.reduce((total, child) => total + child[field], own[field]);
    return { folder: own.folder, files: sum('files'), lines: sum('lines'), exports: sum('exports') };
  },
});
