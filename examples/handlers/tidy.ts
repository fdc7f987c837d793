import { defineTask } from 'task-system/task';

/** Removes what it takes for rubbish; each removal has to be allowed. */
export default defineTask({
  async run({ tools, log }) {
    for (const name of ['draft.md', 'letters.md', 'rubbish.tmp']) await tools.call('fs.write', { path: name, content: `This is ${name}.\n` });
    const kept: string[] = [];
    for (const path of ['rubbish.tmp', 'letters.md']) {
      try {
        await tools.call('fs.remove', { path });
      } catch (error) {
        log.info(`${path} stays: ${error instanceof Error ? error.message : String(error)}`);
        kept.push(path);
      }
    }
    const { entries } = await tools.call('fs.list', {});
    return { kept, left: entries.map(({ path }) => path) };
  },
});
