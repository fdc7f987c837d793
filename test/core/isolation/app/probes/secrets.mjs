import { readdirSync, readFileSync } from 'node:fs';
import { anyOf, stopped } from '../attempt.mjs';

/** Probes of what the host knows. It was started with a variable TASK_SYSTEM_TEST_SECRET. */
export function secretProbes({ hostPid, hostHome, root }) {
  return {
    E01: () => { if (process.env.TASK_SYSTEM_TEST_SECRET === undefined) throw stopped('ABSENT'); },
    E02: () => anyOf(() => holdsSecret(`/proc/${hostPid}/environ`), () => holdsSecret('/proc/1/environ'), () => holdsSecret(`/proc/${process.ppid}/environ`)),
    E03: () => anyOf(() => names(`/proc/${hostPid}/cmdline`, 'host.ts'), () => names('/proc/1/cmdline', root)),
    E04: () => { if (!['NODE_OPTIONS', 'LD_PRELOAD', 'NODE_PATH'].some((name) => name in process.env)) throw stopped('ABSENT'); },
    E05: () => readdirSync(hostHome),
  };
}

function holdsSecret(path) {
  names(path, 'hush');
}

function names(path, text) {
  if (!readFileSync(path, 'latin1').includes(text)) throw stopped('ABSENT');
}
