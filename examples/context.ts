/**
 * Three tasks in a row in one project, each in a process of its own; the third one knows what the first two did, because its
 * project remembers. Start it with `node examples/context.ts`. It works on copies of this repository's own PROJECT.md, SOUL.md and
 * MEMORY.md, in `.task-system/context` or the folder that is named.
 */
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createTaskSystem } from 'task-system';

const REPOSITORY = path.resolve(import.meta.dirname, '..');
const base = path.resolve(process.argv[2] ?? '.task-system/context');
const project = path.join(base, 'project');

await rm(project, { recursive: true, force: true });
await mkdir(project, { recursive: true });
for (const name of ['SOUL.md', 'PROJECT.md', 'MEMORY.md']) await copyFile(path.join(REPOSITORY, name), path.join(project, name));

const tasks = await createTaskSystem({
  root: path.join(base, 'root'),
  tasks: { study: { module: new URL('./handlers/study.ts', import.meta.url) } },
  projects: { bees: { dir: project } },
});
tasks.events.on('task:context', ({ data }) => {
  for (const { name, rawTokens, usedTokens } of data.files) console.log(`  told ${name}: ${usedTokens} of ${rawTokens} tokens`);
});
tasks.events.on('task:memory', ({ data }) => { console.log(data.added.replace(/^/gm, '  + ')); });

for (const topic of ['how bees dance', 'what bees eat', 'all there is to know of bees']) {
  console.log(topic);
  const handle = await tasks.submit({ type: 'study', project: 'bees', input: { topic } });
  console.log(`  ${JSON.stringify(await handle.result())}`);
}
await tasks.close();
console.log(`what a person wrote is untouched: ${(await readFile(path.join(project, 'MEMORY.md'), 'utf8')).startsWith(await readFile(path.join(REPOSITORY, 'MEMORY.md'), 'utf8'))}`);
