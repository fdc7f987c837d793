import { spawn } from 'node:child_process';

/** Runs a program with this terminal; resolves with whether it ended well. */
export function runProgram(command: string, args: readonly string[], cwd: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  child.once('error', () => { resolve(false); });
  child.once('exit', (code) => { resolve(code === 0); });
  return promise;
}
