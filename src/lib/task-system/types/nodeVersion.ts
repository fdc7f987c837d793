import { TaskSystemError } from './Errors.ts';

/** The oldest Node that the library runs on, as `[major, minor]`. */
const OLDEST = [22, 18] as const;

/**
 * Passes when a version of Node, such as `22.18.0`, is new enough.
 * @throws TaskSystemError `NODE_TOO_OLD` otherwise.
 */
export function assertNodeVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new TaskSystemError('NODE_TOO_OLD', `task-system needs Node ${OLDEST.join('.')} or newer, this is Node ${version}`, { version, oldest: OLDEST.join('.') });
}
