/** Calls a tool as often as its input says; returns how often it was let. */
export default {
  async run({ input: { times }, tools }) {
    let calls = 0;
    for (let call = 0; call < times; call++) {
      await tools.call('fs.list', { path: '.' });
      calls++;
    }
    return calls;
  },
};
