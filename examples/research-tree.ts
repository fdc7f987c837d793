/**
 * A tree of tasks over this repository's own sources: each folder is a task, which leaves the folders in it to its children and adds
 * up what they found. Start it with `node examples/research-tree.ts`. It only reads `src`; its database goes to
 * `.task-system/research-tree` or the folder that is named.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createTaskSystem, type TaskTree } from 'task-system';

const SOURCES = path.resolve(import.meta.dirname, '../src/lib/task-system');
const base = path.resolve(process.argv[2] ?? '.task-system/research-tree');

const tasks = await createTaskSystem({
  root: path.join(base, 'root'),
  tasks: { survey: { module: new URL('./handlers/surveyFolder.ts', import.meta.url), sandbox: { read: [SOURCES] } } },
});
tasks.events.on('task:progress', ({ data, parentId }) => {
  if (parentId === undefined) console.log(`${String(data.percent)} %: ${String(data.done)} of ${String(data.total)} folders`);
});

const handle = await tasks.submit({ type: 'survey', input: { folder: SOURCES } });
const result = await handle.result();
const tree = await tasks.tree(handle.id);
if (tree !== undefined) print(tree);
console.log(JSON.stringify(result));
await tasks.close();

const files = (await readdir(SOURCES, { recursive: true })).filter((name) => name.endsWith('.ts'));
const texts = await Promise.all(files.map((name) => readFile(path.join(SOURCES, name), 'utf8')));
const counted = { files: files.length, lines: texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0) };
console.log(`counted without tasks: ${JSON.stringify(counted)}`);

function print(task: TaskTree, level = 0): void {
  console.log(`${'  '.repeat(level)}${task.key ?? 'src/lib/task-system'}: ${task.state}, attempt ${String(task.attempt)}`);
  for (const child of task.children) print(child, level + 1);
}
