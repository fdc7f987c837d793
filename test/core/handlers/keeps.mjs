import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, linkSync, mkdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a task can make of a path before it keeps it. */
const MAKE = {
  file: (path) => { writeFileSync(path, 'content'); },
  large: (path) => { writeFileSync(path, Buffer.alloc(2_000_000)); },
  sparse: (path) => { writeFileSync(path, ''); truncateSync(path, 5_000_000); },
  link: (path) => { symlinkSync('/etc/passwd', path); },
  linkedFolder: (path) => { symlinkSync('/etc', dirname(path)); },
  hardLink: (path) => { writeFileSync(`${path}2`, ''); linkSync(`${path}2`, path); },
  folder: (path) => { mkdirSync(path); },
  fifo: async (path) => { await once(spawn('mkfifo', [path]), 'exit'); },
  device: async (path) => { await once(spawn('mknod', [path, 'c', '1', '5']), 'exit'); },
  nothing: () => undefined,
};

/** What happens to it afterwards. */
const AFTERWARDS = {
  nothing: () => undefined,
  write: (path) => { appendFileSync(path, ' and more'); },
  keepWriting: async (path) => {
    spawn('sh', ['-c', `while :; do echo more >> '${path}'; done`], { detached: true, stdio: 'ignore' }).unref();
    while (statSync(path).size <= 'content'.length) await sleep(1);
  },
  fail: () => { throw new Error('failed after it kept something'); },
  failOnce: (_path, task) => { if (task.attempt === 1) throw new Error('failed after it kept something'); },
  hang: async (_path, _task, log) => {
    log.info('kept');
    await new Promise((resolve) => { setInterval(resolve, 1_000_000); });
  },
};

export default {
  async run({ input, task, workspace, log }) {
    const outcomes = [];
    for (const { path, make = 'file' } of input.files) {
      const name = input.perAttempt === true ? `${path}${task.attempt}` : path;
      const file = workspace.resolve(name);
      if (make !== 'linkedFolder') mkdirSync(dirname(file), { recursive: true });
      try {
        await MAKE[make](file);
      } catch (error) {
        // Where it may not even be made, there is nothing to keep.
        if (error.code !== 'ERR_ACCESS_DENIED') throw error;
      }
      outcomes.push(await workspace.keep(name).catch((error) => error.code));
    }
    const [{ path }] = input.files;
    await AFTERWARDS[input.then ?? 'nothing'](workspace.resolve(path), task, log);
    return outcomes;
  },
};
