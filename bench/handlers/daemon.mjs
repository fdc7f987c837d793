import { spawnSync } from 'node:child_process';

/** Leaves a daemon in a session of its own; then ends, or spins until it is ended. Says when it did so, on the clock that all processes share. */
export default {
  run({ input, log }) {
    spawnSync('/bin/sh', ['-c', `setsid sleep ${input.seconds} >/dev/null 2>&1 &`], { stdio: 'ignore' });
    if (input.spins) {
      log.info('spinning');
      // Lets the line leave.
      return new Promise(() => { setTimeout(() => { for (;;); }, 20); });
    }
    return Number(process.hrtime.bigint()) / 1e6;
  },
};
