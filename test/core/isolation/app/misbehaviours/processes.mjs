import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { stopped } from '../attempt.mjs';

const never = () => new Promise(() => undefined);
const ORPHANS = 1_000;

/** What is left behind, or will not go. */
export const processMisbehaviours = {
  'a daemon': () => {
    start('/bin/sh', ['-c', 'setsid sh -c "setsid sleep 1000 &" >/dev/null 2>&1 &']);
    return 'COMPLETED';
  },
  'a daemon, and no end': () => {
    start('/bin/sh', ['-c', 'setsid sh -c "setsid sleep 1000 &" >/dev/null 2>&1 &']);
    return never();
  },
  'a daemon, and a crash': () => {
    start('/bin/sh', ['-c', 'setsid sh -c "setsid sleep 1000 &" >/dev/null 2>&1 &']);
    process.kill(process.pid, 'SIGKILL');
    return never();
  },
  'no ear for signals': () => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGXCPU']) process.on(name, () => undefined);
    return never();
  },
  // Where somebody would look for it: the code is what the suite prints.
  'a secret in an error': () => { throw stopped(process.env.KEY); },
  'a stop of its own': () => {
    process.kill(process.pid, 'SIGSTOP');
    return 'WENT_ON';
  },
  orphans: () => {
    start('/bin/sh', ['-c', `i=0; while [ $i -lt ${ORPHANS} ]; do (/bin/true &); i=$((i + 1)); done`]);
    return 'COMPLETED';
  },
  'processes without end': () => {
    for (let round = 0; round < 5; round++) spawn('/bin/sh', ['-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do setsid sh -c "sleep 1000 & sleep 1000 & wait" & done; wait'], { stdio: 'ignore' });
    return never();
  },
  'folders 1,000 deep': ({ workspace }) => {
    const name = 'd'.repeat(255);
    process.chdir(workspace.path);
    for (let level = 0; level < 1_000; level++) {
      mkdirSync(name);
      process.chdir(name);
    }
    return 'COMPLETED';
  },
  'folders that nobody may enter': ({ workspace }) => {
    mkdirSync(workspace.resolve('closed/inner'), { recursive: true });
    writeFileSync(workspace.resolve('closed/inner/file'), 'x');
    for (const name of ['closed/inner/file', 'closed/inner', 'closed']) chmodSync(workspace.resolve(name), 0);
    return 'COMPLETED';
  },
  'pipes and sockets as files': ({ workspace }) => {
    start('/usr/bin/mkfifo', ['a', 'b', 'c', 'd', 'e'].map((name) => workspace.resolve(name)));
    return 'COMPLETED';
  },
};

function start(command, args) {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' });
  if (error) throw error;
  if (status !== 0) throw stopped('REFUSED');
}
