// A host that starts tasks and then waits to be killed. Prints what the test needs to know.
import { createTaskSystem } from 'task-system';

const [root, ...names] = process.argv.slice(2);
// `name@level` forces a level of isolation.
const types = names.map((name) => name.split('@')[0]);
const levelOf = (name) => (name === 'leaves-grandchild' ? 'process' : names.find((full) => full.startsWith(`${name}@`))?.split('@')[1]);
const handlerOf = (name) => new URL(`../handlers/${name}.mjs`, import.meta.url);
const system = await createTaskSystem({ root, tasks: Object.fromEntries(types.map((name) => [name, { module: handlerOf(name), ...(levelOf(name) === undefined ? {} : { sandbox: { level: levelOf(name) } }) }])) });
system.events.on('task:log', ({ data }) => { console.log(`log ${data.text.trim()}`); });
for (const type of types) await system.submit({ type, input: { holdsOutput: false, thenHang: true } });
