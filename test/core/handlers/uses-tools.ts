import { defineTask, defineTool, type JsonValue, type ListedTool } from 'task-system/task';
import * as z from 'zod';

interface Step { readonly tool: string; readonly input?: JsonValue | undefined }

const shout = defineTool({
  name: 'shout', description: 'Says it loud.', inputSchema: z.object({ text: z.string().default('hey') }),
  execute: ({ text }, { task, toolCallId }) => ({ text: text.toUpperCase(), task: task.id, toolCallId }),
});

const hangs = defineTool({
  name: 'hangs', timeoutMs: 100,
  execute: (_input, { abortSignal }) => new Promise((_resolve, reject) => { abortSignal.addEventListener('abort', () => { reject(new Error('let go')); }); }),
});

/** Calls tools as its input says, one after the other or all at once, and returns what came of each. */
export default defineTask({
  input: z.object({
    steps: z.array(z.object({ tool: z.string(), input: z.json().optional() })).default([]), list: z.boolean().default(false), atOnce: z.boolean().default(false),
    times: z.number().default(1), announce: z.boolean().default(false),
  }),
  tools: [shout, hangs],
  async run({ input: { steps, list, atOnce, times, announce }, tools, log }) {
    const call = async ({ tool, input }: Step): Promise<JsonValue> => {
      if (announce) log.info(`calling ${tool}`);
      return tools.call(tool, input).then((output: unknown) => ({ output: output as JsonValue }), (error: unknown) => ({ ...read(error) }));
    };
    const results: JsonValue[] = [];
    const all = Array.from({ length: times }, () => steps).flat();
    if (atOnce) results.push(...await Promise.all(all.map(call)));
    else for (const step of all) results.push(await call(step));
    const listed: readonly ListedTool[] = list ? await tools.list() : [];
    return { results, listed: listed.map(({ name, modelName, runsIn, inputSchema }) => ({ name, modelName, runsIn, inputSchema })) };
  },
});

function read(error: unknown): { readonly code: string; readonly message: string; readonly cause: string } {
  const { code = '', message = '', cause } = error as { code?: string; message?: string; cause?: unknown };
  return { code, message, cause: cause instanceof Error ? `${cause.message} ${cause.stack ?? ''}` : '' };
}
