// A host with a parent that has noted something and waits without a process for a child that does not end. Says so, and waits to be killed.
import { createTaskSystem } from 'task-system';

const [root, project, gate] = process.argv.slice(2);
const type = (name) => ({ module: new URL(`../handlers/${name}.mjs`, import.meta.url), sandbox: { level: 'process' }, stopGraceMs: 0 });
const system = await createTaskSystem({ root, projects: { acme: { dir: project } }, tasks: { 'notes-and-waits': type('notes-and-waits'), gate: type('gate') } });
system.events.on('task:wait', ({ taskId }) => { process.stdout.write(`${taskId}\n`); });
await system.submit({ type: 'notes-and-waits', project: 'acme', input: { gate } });
