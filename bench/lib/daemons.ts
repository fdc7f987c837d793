import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { now } from './time.ts';

/** How long daemons sleep: a number that nobody else on this machine has. */
export const DAEMON_SECONDS = 1_000_000 + process.pid;

/** The daemons of this benchmark that run, by the word of the operating system. */
export function daemons(): readonly string[] {
  return existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name)) : [];
}

/** How long this machine takes to end one process that spins, from the kill to its exit. */
export async function bareKill(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setTimeout(() => { for (;;); }, 20);'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const start = now();
  child.kill('SIGKILL');
  await once(child, 'exit');
  return now() - start;
}

function isOurs(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`sleep\0${String(DAEMON_SECONDS)}\0`);
  } catch {
    return false;
  }
}
