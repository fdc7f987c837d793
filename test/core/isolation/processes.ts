import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How often it is looked whether Node has asked for its children that ended. */
const LOOKS = 1_000;

/** The processes of this machine, zombies included. */
export function listProcesses(): readonly number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Whether a process lives and carries a mark in its environment. */
export function carries(pid: number, mark: string): boolean {
  return stateOf(pid).state !== 'Z' && read(pid, 'environ').includes(mark);
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Children of a process that ended, and that nobody has asked for. */
export function zombiesOf(parent: number): readonly number[] {
  return listProcesses().filter((pid) => {
    const stat = stateOf(pid);
    return stat.state === 'Z' && stat.parent === parent;
  });
}

/** Lets Node ask for those of its children that have just ended; those that nobody asks for stay. */
export async function reaped(): Promise<void> {
  for (let look = 0; look < LOOKS && zombiesOf(process.pid).length > 0; look++) await delay(10);
}

function stateOf(pid: number): { readonly state: string; readonly parent: number } {
  const stat = read(pid, 'stat');
  const [state = 'X', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}

/** Processes come and go. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
