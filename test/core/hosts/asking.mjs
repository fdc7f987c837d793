// A host with a task that pays, which somebody has to allow. Prints the events of it, and keeps every payment in a file.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTaskSystem } from 'task-system';

const [root, policy] = process.argv.slice(2);
const system = await createTaskSystem({
  root, sandbox: { level: 'process' },
  tasks: { pays: { module: new URL('../handlers/pays.mjs', import.meta.url), policy: JSON.parse(policy), stopGraceMs: 0 } },
  tools: { pay: { execute: (input) => { appendFileSync(join(root, 'paid.log'), `${JSON.stringify(input)}\n`); return 'paid'; } } },
});
system.events.on('*', ({ type }) => { if (type !== 'task:usage') process.stdout.write(`${type}\n`); });
await system.submit({ type: 'pays', input: { payments: [{ to: 'bob' }] } });
