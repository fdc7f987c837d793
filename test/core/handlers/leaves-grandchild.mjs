import { spawn } from 'node:child_process';

export default {
  async run({ input, log }) {
    // Its own session, its own stdio, and holding our stdout if asked: nothing links it to the task but where it came from.
    const grandchild = spawn('/bin/sh', ['-c', 'sleep 1000'], { detached: true, stdio: input.holdsOutput ? ['ignore', 'inherit', 'inherit'] : 'ignore' });
    grandchild.unref();
    log.info(String(grandchild.pid));
    if (input.thenHang) await new Promise(() => undefined);
    return grandchild.pid;
  },
};
