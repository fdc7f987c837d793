// Says what it is told of its project, remembers what its input says, and returns what its input asks for.
export default {
  async run({ input, context }) {
    for (const note of input.remember ?? []) await context.remember(...[note].flat());
    if (input.fail) throw new Error('as asked');
    const told = input.look ? { instructions: context.instructions, messages: context.messages, report: context.report } : {};
    const loaded = Object.keys(process.getBuiltinModule('node:module')._cache ?? {}).filter((path) => /tokenizer|o200k|context\.cjs|ContextBuilder/.test(path));
    return { ...told, loaded: loaded.length, ...input.result };
  },
};
