import { createOpenAICompatible } from '@ai-sdk/openai-compatible';

/** Calls a model `calls` times, or streams one answer, through the host or directly: milliseconds for each call, or parts a second. */
export default {
  async run({ input: { baseURL, calls, isDirect, isStreamed }, model }) {
    const language = isDirect ? createOpenAICompatible({ name: 'direct', baseURL, includeUsage: true })('scripted') : model('default');
    const request = { prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] };
    // What is loaded and connected by the first call is not what is measured.
    await language.doGenerate(request);
    return isStreamed ? partsPerSecond(language, request) : msPerCall(language, request, calls);
  },
};

async function msPerCall(language, request, calls) {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await language.doGenerate(request);
  return { value: (performance.now() - start) / calls };
}

async function partsPerSecond(language, request) {
  const start = performance.now();
  const { stream } = await language.doStream(request);
  let parts = 0;
  for await (const part of stream) {
    if (part.type !== 'text-delta') continue;
    parts++;
  }
  return { value: parts / ((performance.now() - start) / 1_000), parts };
}
