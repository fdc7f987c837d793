import { spawnSync } from 'node:child_process';
import { stopped } from './attempt.mjs';

/** Lets stress-ng do its worst for some seconds: the stressors that the input names, all at once. */
export default {
  run({ input, workspace }) {
    const stressors = input.stressors.flatMap((name) => [`--${name}`, '1']);
    const { error, status } = spawnSync('/usr/bin/stress-ng', [...stressors, '--timeout', `${input.seconds}s`, '--temp-path', workspace.path, '--quiet'], { cwd: workspace.path, stdio: 'ignore' });
    if (error) throw error;
    // It ends with other codes where it was refused something, which is what a sandbox is for; a signal would be another matter.
    if (status === null) throw stopped('BY_SIGNAL');
    return 'ENDED';
  },
};
