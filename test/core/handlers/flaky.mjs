export default {
  run({ task, workspace }) {
    if (task.attempt < 3) throw new Error(`attempt ${task.attempt} fails`);
    return { attempt: task.attempt, path: workspace.path };
  },
};
