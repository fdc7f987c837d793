/** Asks a model in the way its input says: most of it without the AI SDK, which takes long to load. */
export default {
  async run({ input, model, signal, log }) {
    const { how = 'generate', prompt = 'Hello', name = 'default', times = 1, headers, byAbort } = input ?? {};
    const language = model(name);
    const request = { prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }], abortSignal: signal, ...headers === undefined ? {} : { headers } };
    const ask = async () => textOf(await language.doGenerate(request));
    switch (how) {
      case 'generate': return inTurn(times, ask);
      case 'parallel': return Promise.all(Array.from({ length: times }, ask));
      case 'stream': return streamed(await language.doStream(request));
      case 'leave': return leave(language, request, byAbort, log);
      case 'catch': return ask().catch(({ name: kind, code, retryable, message, details }) => ({ name: kind, code, retryable, message, details }));
      case 'sdk': return withSdk(language, prompt, signal);
      default: throw new Error(how);
    }
  },
};

function textOf({ content }) {
  return content.map(({ text = '' }) => text).join('');
}

async function inTurn(times, ask) {
  const all = [];
  for (let index = 0; index < times; index++) all.push(await ask());
  return times === 1 ? all[0] : all;
}

async function streamed({ stream }) {
  const pieces = [];
  for await (const part of stream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta') pieces.push(part.delta);
  }
  return pieces;
}

/** Begins a stream, reads one part, and goes. */
async function leave(language, request, byAbort, log) {
  const controller = new AbortController();
  const { stream } = await language.doStream({ ...request, abortSignal: controller.signal });
  const reader = stream.getReader();
  await reader.read();
  if (byAbort) controller.abort();
  else await reader.cancel();
  log.info('left');
  return 'left';
}

/** The loop of the AI SDK, with a tool of the task; at the end the same conversation streamed. */
async function withSdk(model, prompt, abortSignal) {
  const [{ generateText, isStepCount, streamText, tool }, z] = await Promise.all([import('ai'), import('zod')]);
  const add = tool({ description: 'adds', inputSchema: z.object({ a: z.number(), b: z.number() }), execute: ({ a, b }) => a + b });
  const options = { model, prompt, abortSignal, maxRetries: 0, tools: { add }, stopWhen: isStepCount(5) };
  const { text } = await generateText(options);
  return [text, await streamText(options).text];
}
