import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/** How long the removal of one batch may take. */
const TIME_LIMIT_MS = 60_000;
/**
 * `rm` walks by descriptors: no path is too long for it, no link is followed, and the event loop has no part in it. What the owner
 * locked away from itself is opened first; nobody else is left who could put a link in the way.
 */
const SCRIPT = 'rm -rf -- "$@" 2>/dev/null && exit 0; chmod -R u+rwx -- "$@" 2>/dev/null; exec rm -rf -- "$@"';

const run = promisify(execFile);

/**
 * Removes directories with everything in them, however deep, long-named or locked, in a process of its own and for a bounded time.
 * Links are removed, their targets stay. What is not there is fine.
 * @throws Error when something is left, with what `rm` had to say.
 */
export async function removeTrees(paths: readonly string[], timeLimitMs = TIME_LIMIT_MS): Promise<void> {
  if (process.platform === 'win32') {
    await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true, maxRetries: 2 })));
    return;
  }
  // Beyond the limit only the waiting ends for certain: what `rm` still does by then does no harm.
  const options = { env: { PATH: '/usr/bin:/bin' }, cwd: '/', timeout: timeLimitMs, killSignal: 'SIGKILL' } as const;
  await run('/bin/sh', ['-c', SCRIPT, 'task-system-remove', ...paths], options);
}
