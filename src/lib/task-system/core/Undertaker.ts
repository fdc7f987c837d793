import type { ChildProcess } from 'node:child_process';
import type { Logger, ProcessSpawner } from '../types/Ports.ts';

/**
 * Reads `+ <group>` and `- <group>` lines. When its input ends, the host is gone: it kills the groups that are left and every
 * process whose environment carries the host's mark (one grep for all: one for each would take a second), until two rounds in
 * a row found none, because a process may start another one in between.
 */
const SCRIPT = `
trap '' HUP INT TERM QUIT PIPE
groups=' '
while read -r op group; do
  case $op in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
round=0 quiet=0
while [ $quiet -lt 2 ] && [ $round -lt 20 ]; do
  round=$((round + 1)) quiet=$((quiet + 1))
  for group in $groups; do kill -9 "-$group" 2>/dev/null; done
  for file in $(grep -laF -- "$1" /proc/[0-9]*/environ 2>/dev/null); do
    quiet=0
    pid=\${file#/proc/}
    kill -9 "\${pid%/environ}" 2>/dev/null
  done
done
exit 0
`;

/**
 * Makes sure that no task process outlives its host, not even a busy one after \`kill -9\`: a tiny shell process, one per
 * system, that holds the end of a pipe. It lives in its own session, so that a Ctrl-C for the host does not reach it.
 */
export class Undertaker {
  readonly #child: ChildProcess | undefined;

  constructor(mark: string, spawn: ProcessSpawner, logger: Logger) {
    if (process.platform === 'win32') return;
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'task-system-undertaker', mark], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/', env: { PATH: '/usr/bin:/bin' } });
    child.once('error', (error) => { logger.warn('no undertaker: busy task processes may outlive a host that is killed', { error }); });
    // Its end of the pipe closing is how a host that dies speaks; while the host lives, a failed write only means less safety.
    child.stdin?.on('error', () => undefined);
    child.unref();
    this.#child = child;
  }

  /** Puts a process group under watch. */
  watch(groupId: number): void {
    this.#child?.stdin?.write(`+ ${String(groupId)}\n`);
  }

  /** Takes a group that is gone off the list. */
  forget(groupId: number): void {
    this.#child?.stdin?.write(`- ${String(groupId)}\n`);
  }

  /** Ends the watch; what is still on the list is killed. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    await new Promise<void>((resolve) => { child.once('exit', () => { resolve(); }); child.stdin?.end(); });
  }
}
