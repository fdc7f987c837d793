import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function outcomeOf(attempt) {
  try {
    return attempt();
  } catch (error) {
    return error.code;
  }
}

/** Looks at the project, where it may, and at a folder in any case. */
export default {
  async run({ input, workspace, subtasks }) {
    const folder = workspace.projectPath ?? input.folder;
    const seen = {
      told: workspace.projectPath ?? null,
      read: outcomeOf(() => readFileSync(join(folder, 'notes.md'), 'utf8')),
      secret: outcomeOf(() => readFileSync(join(folder, '.env'), 'utf8')),
      write: outcomeOf(() => { writeFileSync(join(folder, 'notes.md'), 'changed'); return 'written'; }),
    };
    const child = input.child === undefined ? undefined : await subtasks.spawn({ type: input.child, input: { folder } });
    return { ...seen, child: child?.id ?? null };
  },
};
