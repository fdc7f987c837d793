import { spawnSync } from 'node:child_process';

export default {
  run({ input }) {
    // The shell in the middle ends at once, so the sleeper has no parent in the task any more, and it has a session of its own.
    const { stdout } = spawnSync('/bin/sh', ['-c', `setsid sleep ${input.seconds} >/dev/null 2>&1 & echo $!`], { encoding: 'utf8' });
    return stdout.trim();
  },
};
