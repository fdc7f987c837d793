import { defineTask } from 'task-system/task';
import * as z from 'zod';

/** What the report is made of. The host checks it when a task is submitted, the task's process once more. */
export const inputSchema = z.strictObject({ title: z.string().min(1).max(200), text: z.string().min(1) });

const CHUNK = 5_000;
const TOP = 5;

/** Counts the words of a text and finds the most frequent ones. Runs in a process of its own, however long the text is. */
export default defineTask({
  input: inputSchema,
  run({ input, progress, log, signal }) {
    log.info(`reading "${input.title}"`, { characters: input.text.length });
    const words = input.text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
    const counts = new Map<string, number>();
    for (const [index, word] of words.entries()) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      if (index % CHUNK !== 0) continue;
      signal.throwIfAborted();
      progress(100 * index / words.length, `${index} of ${words.length} words`);
    }
    progress(100, 'done');
    const top = [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).slice(0, TOP).map(([word, count]) => ({ word, count }));
    return { title: input.title, words: words.length, distinct: counts.size, top };
  },
});
