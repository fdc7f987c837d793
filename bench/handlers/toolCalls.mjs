const noop = { name: 'noop', execute: () => null };

/** Calls a tool that does nothing, one call after the other, then many at once; says how long a call took and how many there were in a second. */
export default {
  tools: [noop],
  async run({ input: { calls, atOnce }, tools }) {
    for (let index = 0; index < 50; index++) await tools.call('noop', {});
    const times = [];
    for (let index = 0; index < calls; index++) {
      const start = performance.now();
      await tools.call('noop', {});
      times.push(performance.now() - start);
    }
    const start = performance.now();
    let begun = 0;
    await Promise.all(Array.from({ length: atOnce }, async () => { while (begun++ < calls) await tools.call('noop', {}); }));
    return { times, perSecond: calls / ((performance.now() - start) / 1_000) };
  },
};
