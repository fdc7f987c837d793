import { OWNER_VARIABLE } from '../../policy/sandbox/owners.ts';
import { TaskSystemError } from '../../types/Errors.ts';

/** Who a process is, and how it becomes somebody else. */
export type Person = Pick<NodeJS.Process, 'env' | 'getuid' | 'geteuid' | 'getgid' | 'getegid' | 'getgroups' | 'setuid' | 'setgid' | 'setgroups'>;

/**
 * Where the host is root, the sandbox is made by root and starts Node with no right left but to become the user that owns the
 * workspace. This does so, for all threads and for good, before anything of the task is loaded: a program that did it in between
 * (`setpriv`) would be loaded for each process. Without an order it does nothing.
 * @throws TaskSystemError `SANDBOX_UNAVAILABLE` when anything of root is left: the process must end.
 */
export function becomeOwner(person: Person): void {
  const { env } = person;
  const owner = env[OWNER_VARIABLE];
  if (owner === undefined) return;
  Reflect.deleteProperty(env, OWNER_VARIABLE);
  const number = Number(owner);
  person.setgroups?.([]);
  person.setgid?.(number);
  person.setuid?.(number);
  const ids = [person.getuid?.(), person.geteuid?.(), person.getgid?.(), person.getegid?.(), ...person.getgroups?.() ?? []];
  if (number > 0 && ids.every((id) => id === number) && !canGoBack(person)) return;
  throw new TaskSystemError('SANDBOX_UNAVAILABLE', `The process could not become user ${owner} for good`, { level: 'kernel' });
}

function canGoBack(person: Person): boolean {
  try {
    person.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
