import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const never = () => new Promise(() => undefined);

const ENDS = {
  return: () => 'done',
  throw: () => { throw new Error('broke'); },
  exit: () => process.exit(3),
  crash: () => { process.kill(process.pid, 'SIGKILL'); return never(); },
  hang: never,
  spin: () => { for (;;); },
  memory: () => { for (const kept = []; ;) kept.push(Buffer.alloc(4_194_304, 1)); },
  disk: ({ workspace }) => { writeFileSync(workspace.resolve('large'), Buffer.alloc(31_457_280, 1)); return never(); },
  output: () => { process.stdout.write('x'.repeat(4_194_304)); return never(); },
  garbage: () => { writeSync(3, Buffer.from([0xff, 0xff, 0xff, 0xff])); return never(); },
};

/** Leaves a daemon in a session of its own where it may, waits until its test has looked at it, and ends as it is told. */
export default {
  async run({ input, workspace, log }) {
    try {
      spawnSync('/bin/sh', ['-c', 'setsid sh -c "setsid sleep 1000 &" >/dev/null 2>&1 &'], { stdio: 'ignore' });
    } catch (error) {
      if (error.code !== 'ERR_ACCESS_DENIED') throw error;
    }
    log.info('left');
    while (!existsSync(workspace.resolve('seen'))) await delay(5);
    return ENDS[input.how]({ workspace });
  },
};
