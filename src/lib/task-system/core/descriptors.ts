import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { CHANNEL_FD } from '../types/Protocol.ts';

/** O_CLOEXEC, as /proc shows it: Node sets it on everything that it opens by itself. */
const CLOSE_ON_EXEC = 0o2000000;

/** Descriptors above the channel that were inherited: Node leaves open what its own parent had open. */
export function foreignDescriptors(): readonly number[] {
  return openDescriptors().filter((fd) => fd > CHANNEL_FD && isInherited(fd));
}

/** Closes them, before any code of the task is loaded. */
export function closeForeignDescriptors(): void {
  for (const fd of foreignDescriptors()) closeSync(fd);
}

function openDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    // No /proc, or the permission model does not let us look: then the host has covered what it knew of.
    return [];
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}
