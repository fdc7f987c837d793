import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { defineTask } from 'task-system/task';
import * as z from 'zod';

/** Runs a program that nobody has read, such as one that a model wrote: a module whose default export is called. */
export default defineTask({
  input: z.object({ code: z.string() }),
  async run({ input, workspace }) {
    const file = workspace.resolve('program.mjs');
    await writeFile(file, input.code);
    const module: unknown = await import(pathToFileURL(file).href);
    const result: unknown = isProgram(module) ? await module.default() : null;
    return result;
  },
});

function isProgram(module: unknown): module is { readonly default: () => unknown } {
  return typeof module === 'object' && module !== null && 'default' in module && typeof module.default === 'function';
}
