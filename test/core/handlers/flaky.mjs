import { readdirSync, writeFileSync } from 'node:fs';

export default {
  run({ task, workspace }) {
    const before = readdirSync(workspace.path);
    writeFileSync(workspace.resolve('left-behind'), '');
    if (task.attempt < 3) throw new Error(`attempt ${task.attempt} fails`);
    return { attempt: task.attempt, before };
  },
};
