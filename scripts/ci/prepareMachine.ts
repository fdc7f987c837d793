import { existsSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './runProgram.ts';

/** Debian packages that tests and benchmarks use, with the program by which their presence shows. */
const PACKAGES = [
  { name: 'bubblewrap', program: 'bwrap' },
  { name: 'stress-ng', program: 'stress-ng' },
  { name: 'redis-server', program: 'redis-server' },
  { name: 'chromium', program: 'chromium' },
  { name: 'python3-websockets', file: '/usr/lib/python3/dist-packages/websockets' },
] as const;

/** Installs what is missing, as far as this machine allows it. Resolves with the reason when something stays missing. */
export async function prepareMachine(): Promise<boolean | string> {
  const missing = PACKAGES.filter((entry) => !('file' in entry ? existsSync(entry.file) : isInstalled(entry.program))).map(({ name }) => name);
  if (missing.length === 0) return true;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) return `${missing.join(', ')} missing, and only root can install it here`;
  const isDone = await runProgram('apt-get', ['update', '-qq'], '/') && await runProgram('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], '/');
  return isDone || `${missing.join(', ')} missing, and apt-get could not install it`;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, program)));
}
