// A host whose task has left a daemon and spins; prints the process id of the task's program, as the machine knows it, and waits to be killed: node spinningHost.mjs <root> <level> <seconds>
import { readdirSync, readFileSync } from 'node:fs';
import { createTaskSystem } from 'task-system';

const [root, level, seconds] = process.argv.slice(2);
const system = await createTaskSystem({ root, sandbox: { level }, queue: { spares: 0 }, tasks: { daemon: { module: new URL('../handlers/daemon.mjs', import.meta.url) } } });
system.events.on('task:log', ({ data, taskId }) => {
  if (data.text === 'spinning') setTimeout(() => { console.log(pidOf(taskId)); }, 40);
});
await system.submit({ type: 'daemon', input: { spins: true, seconds: Number(seconds) } });

function pidOf(taskId) {
  return readdirSync('/proc').find((name) => /^\d+$/.test(name) && commandLine(name).startsWith(`task-system: daemon ${taskId}`)) ?? 'none';
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
