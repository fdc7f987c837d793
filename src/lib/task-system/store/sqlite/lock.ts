import { accessSync, constants, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TaskSystemError } from '../../types/Errors.ts';
import { Database } from './Database.ts';
import { isBusy } from './errors.ts';

/** The right to use a directory, held until it is released or the process is gone. */
export interface DirectoryLock {
  release(): void;
}

const RETRY_MS = 20;

/**
 * Takes the lock of a directory: an exclusive transaction on a small database of its own, so that tools may still read the tasks.
 * The operating system lets go of it when the process dies, however it dies. A text file beside it tells who holds it; that file
 * is a courtesy and decides nothing.
 *
 * @param timeoutMs how long to wait for the holder, in milliseconds.
 * @throws TaskSystemError `STORE_LOCKED` when the time is over.
 */
export async function lockDirectory(directory: string, timeoutMs: number): Promise<DirectoryLock> {
  const file = join(directory, 'lock.db');
  const database = new Database(file, { timeoutMs: 0 });
  try {
    // SQLite opens a file that may not be written for reading, without a word, and EXCLUSIVE then means "shared".
    accessSync(file, constants.W_OK);
    const deadline = performance.now() + timeoutMs;
    while (!tryLock(database)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw lockedError(directory);
      await sleep(Math.min(RETRY_MS, leftMs));
    }
    writeFileSync(holderFile(directory), holderText());
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    release() {
      rmSync(holderFile(directory), { force: true });
      database.close();
    },
  };
}

function tryLock(database: Database): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

function holderFile(directory: string): string {
  return join(directory, 'lock.json');
}

function holderText(): string {
  const now = Date.now();
  const startedAt = new Date(now - process.uptime() * 1_000).toISOString();
  return `${JSON.stringify({ pid: process.pid, startedAt, openedAt: new Date(now).toISOString() })}\n`;
}

function lockedError(directory: string): TaskSystemError {
  const holder = readHolder(directory);
  if (holder === undefined) return new TaskSystemError('STORE_LOCKED', `The directory is "${directory}"`, { directory });
  const who = holder.pid === process.pid ? 'Another system of this same process' : `Process ${String(holder.pid)} (started ${holder.startedAt})`;
  return new TaskSystemError('STORE_LOCKED', `${who} holds "${directory}"`, { directory, ...holder });
}

function readHolder(directory: string): { readonly pid: number; readonly startedAt: string } | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(holderFile(directory), 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || !('startedAt' in holder)) return undefined;
    const { pid, startedAt } = holder;
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
