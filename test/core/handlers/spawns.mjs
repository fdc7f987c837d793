export default {
  async run({ subtasks, input }) {
    const children = [];
    for (const child of input.children) children.push(await subtasks.spawn(child));
    return children.map(({ id }) => id);
  },
};
