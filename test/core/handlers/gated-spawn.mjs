import gate from './gate.mjs';

/** Spawns a child once the gate is open. */
export default {
  async run(context) {
    await gate.run(context);
    const { id } = await context.subtasks.spawn(context.input.child);
    return id;
  },
};
