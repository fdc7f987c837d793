/** Notes something, spawns a child that waits at a gate, and returns: from then on nothing of it is in any process. */
export default {
  async run({ input, context, subtasks }) {
    await context.remember('Bees dance.');
    await subtasks.spawn({ type: 'gate', input: { gate: input.gate } });
    return 'returned';
  },
};
