import { spawnSync } from 'node:child_process';

/** What an attempt comes to when nothing stopped it. */
export const THROUGH = 'got through';

/** An outcome of its own making, beside the codes of errors. */
export function stopped(word) {
  return Object.assign(new Error(word), { code: word });
}

/** Tries something, and says how it went: "got through", what it returned as a word, or the code of the error that stopped it. */
export async function outcomeOf(attempt) {
  try {
    const word = await attempt();
    return typeof word === 'string' && /^[A-Z_]+$/.test(word) ? word : THROUGH;
  } catch (error) {
    return error.code ?? error.name;
  }
}

/** Tries several ways to the same end: "got through" if one of them did, else how the first was stopped. */
export async function anyOf(...attempts) {
  const outcomes = [];
  for (const attempt of attempts) outcomes.push(await outcomeOf(attempt));
  if (outcomes.includes(THROUGH)) return undefined;
  throw stopped(outcomes[0]);
}

/** Runs a program; throws what kept it from starting, or from ending well. */
export function runProgram(command, ...args) {
  const { error, status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw stopped('REFUSED');
  return stdout;
}

const ERRNO = new Map([[1, 'EPERM'], [2, 'ENOENT'], [3, 'ESRCH'], [13, 'EACCES'], [14, 'EFAULT'], [22, 'EINVAL'], [25, 'ENOTTY'], [38, 'ENOSYS'], [97, 'EAFNOSUPPORT']]);

/** Makes system calls that Node has no function for, by Perl, and says how each ended. Numbers are those of x64. */
export function systemCalls(...calls) {
  if (process.arch !== 'x64') throw stopped('NOT_TRIED');
  // Perl hands over the address of a string only where it is a variable.
  const script = calls.map((call) => `{ my @a = (${call.join(', ')}); print((syscall(${call.map((_, index) => `$a[${index}]`).join(', ')}) == -1 ? $! + 0 : 0), "\\n"); }`).join('\n');
  return runProgram('/usr/bin/perl', '-e', script).trim().split('\n').map((number) => (number === '0' ? THROUGH : ERRNO.get(Number(number)) ?? `ERRNO_${number}`));
}

/** The same as one outcome: stopped only if all were, and then how the first was. */
export function anySystemCall(...calls) {
  const outcomes = systemCalls(...calls);
  if (outcomes.includes(THROUGH)) return undefined;
  throw stopped(outcomes[0]);
}
