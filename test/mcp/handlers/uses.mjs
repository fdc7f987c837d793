/** Calls tools one after another, and tells what came of each. */
export default {
  async run({ input, tools }) {
    if (input.list) return (await tools.list()).map(({ name, modelName, description, runsIn }) => ({ name, modelName, description, runsIn })).filter(({ name }) => name.startsWith('mcp__'));
    const outcomes = [];
    for (const [name, given] of input.calls) outcomes.push(await tools.call(name, given).then((output) => output, ({ code, message }) => ({ code, message })));
    return outcomes;
  },
};
