import { appendFileSync, readFileSync, readdirSync } from 'node:fs';

/** Writes what only this attempt may write, with turns of the event loop in between, and reports what it found at both ends. */
export default {
  async run({ input, task, workspace, progress }) {
    const before = readdirSync(workspace.path);
    for (let step = 0; step < input.steps; step++) {
      appendFileSync('steps', `${task.attempt}:${step}\n`);
      progress((step / input.steps) * 100);
      for (let turn = 0; turn < input.turns; turn++) await new Promise((resolve) => { setImmediate(resolve); });
    }
    if (input.failures >= task.attempt) throw new Error(`attempt ${task.attempt} fails on purpose`);
    return { before, attempt: task.attempt, steps: readFileSync('steps', 'utf8').split('\n').filter(Boolean) };
  },
};
