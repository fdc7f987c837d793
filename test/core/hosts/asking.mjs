// A host with a task that pays, which somebody has to allow. Prints the events of it, and keeps every payment in a file. With "answers" it
// allows everything and kills itself as soon as that is stored; with "pays" it does so in the middle of the payment.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTaskSystem } from 'task-system';

const [root, policy, mode] = process.argv.slice(2);
const die = () => { process.kill(process.pid, 'SIGKILL'); };
const pay = (input) => {
  appendFileSync(join(root, 'paid.log'), `${JSON.stringify(input)}\n`);
  if (mode === 'pays') die();
  return 'paid';
};
const system = await createTaskSystem({
  root, sandbox: { level: 'process' },
  tasks: { pays: { module: new URL('../handlers/pays.mjs', import.meta.url), policy: JSON.parse(policy), stopGraceMs: 0 } },
  tools: { pay: { execute: pay } },
});
system.events.on('*', ({ type }) => { if (type !== 'task:usage') process.stdout.write(`${type}\n`); });
if (mode !== undefined) system.events.on('task:approval', ({ data }) => { void system.approve(data.approvalId, { by: 'anna' }); });
if (mode === 'answers') system.events.on('task:approval:end', die);
await system.submit({ type: 'pays', input: { payments: [{ to: 'bob' }] } });
