import { spawnSync } from 'node:child_process';
import { closeSync, linkSync, openSync, readFileSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';

/** Tries what a task must not do, and says for each attempt "got through" or by which error it was stopped. */
export default {
  async run({ input, workspace }) {
    const attempts = {
      'write the workspace': () => writeFileSync(workspace.resolve('own'), 'mine'),
      'read /etc/passwd': () => readFileSync('/etc/passwd'),
      'read a file of the host': () => readFileSync(input.outside),
      'read it by a link made here': () => { symlinkSync(input.outside, workspace.resolve('link')); readFileSync(workspace.resolve('link')); },
      'link it into the workspace': () => linkSync(input.outside, workspace.resolve('hard')),
      'read it through /proc/self/root': () => readFileSync(`/proc/self/root${input.outside}`),
      'write beside it': () => writeFileSync(`${input.outside}.new`, ''),
      'write the handler': () => closeSync(openSync(new URL(import.meta.url), 'r+')),
      'write /usr': () => writeFileSync('/usr/planted', ''),
      'see the database': () => readdirSync(input.root),
      'read a secret beside the handler': () => readFileSync(input.secret),
      'set the kernel': () => closeSync(openSync('/proc/sys/kernel/core_pattern', 'r+')),
      'signal the host': () => process.kill(input.hostPid, 0),
      'read the environment of the host': () => readFileSync(`/proc/${input.hostPid}/environ`),
      'start a program': () => { const { error } = spawnSync('/bin/true'); if (error) throw error; },
      'make a namespace': () => { const { error, status } = spawnSync('/usr/bin/unshare', ['--user', '/bin/true']); if (error) throw error; if (status !== 0) throw Object.assign(new Error('refused'), { code: 'REFUSED' }); },
      'open the file with SQLite': () => { const { DatabaseSync } = process.getBuiltinModule('node:sqlite') ?? {}; if (DatabaseSync === undefined) throw Object.assign(new Error('none'), { code: 'NO_MODULE' }); new DatabaseSync(`${input.outside}.db`).exec('CREATE TABLE t (x)'); },
      'see other processes': () => { if (readlinkSync('/proc/self') === '2') throw Object.assign(new Error('alone'), { code: 'ALONE' }); },
    };
    const seen = Object.fromEntries(Object.entries(attempts).map(([name, attempt]) => [name, outcomeOf(attempt)]));
    return { ...seen, 'reach the loopback of the host': await connects(input.port) };
  },
};

function outcomeOf(attempt) {
  try {
    attempt();
    return 'got through';
  } catch (error) {
    return error.code ?? error.message;
  }
}

async function connects(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve('got through'); });
    socket.once('error', (error) => { resolve(error.code); });
  });
}
