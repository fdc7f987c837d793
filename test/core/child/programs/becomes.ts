import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { becomeOwner } from '../../../../src/lib/task-system/core/child/becomeOwner.ts';

// A thread that is there already is not forgotten.
const worker = new Worker('require("node:worker_threads").parentPort.once("message", () => {})', { eval: true });
await once(worker, 'online');
becomeOwner(process);

const failed = (call: () => void): string => {
  try {
    call();
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};
const [uid, gid] = [process.getuid?.(), process.getgid?.()];
process.stdout.write(JSON.stringify({
  uid, gid, groups: process.getgroups?.(), variable: process.env['TASK_SYSTEM_OWNER'] ?? null,
  capabilities: [...readFileSync('/proc/self/status', 'utf8').matchAll(/^Cap(?:Prm|Eff|Amb):\s*(\S+)$/gm)].map((match) => match[1]),
  back: [failed(() => process.setuid?.(0)), failed(() => process.setgid?.(0)), failed(() => process.setgroups?.([0])), failed(() => readFileSync('/etc/shadow'))],
}));
await worker.terminate();
