import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './files.ts';

/** Whether a small file system can be mounted here, so that a disk can really be full; says so where it cannot. */
export function canMountDisks(): boolean {
  const canMount = process.getuid?.() === 0 && process.platform === 'linux' && mounts();
  if (!canMount) process.stderr.write('SKIPPED: tests of a really full or locked disk need root and the right to mount\n');
  return canMount;
}

/** A directory on a file system of its own. */
export function smallDisk(size: string): string {
  const directory = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', directory]);
  onTestFinished(() => { execFileSync('umount', [directory]); });
  return directory;
}

/** Locks a disk of {@link smallDisk} against all writing, or opens it again. */
export function lockDisk(directory: string, isLocked: boolean): void {
  execFileSync('mount', ['-o', `remount,${isLocked ? 'ro' : 'rw'}`, directory]);
}

function mounts(): boolean {
  const directory = `/tmp/task-system-mount-${String(process.pid)}`;
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
