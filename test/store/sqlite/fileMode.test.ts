import { chmodSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../core/support.ts';
import { newTask, openFor } from '../support.ts';

function modeOf(directory: string, name: string): string {
  return (statSync(path.join(directory, name)).mode & 0o777).toString(8);
}

describe('the file of a store', () => {
  it.each(['tasks.db', 'tasks.db-wal', 'tasks.db-shm'])('%s can be read by its owner alone', async (name) => {
    const directory = temporaryDirectory();
    const store = await openFor(directory);
    await store.create(newTask('a'));
    expect(modeOf(directory, name)).toBe('600');
  });

  it('keeps the mode that somebody gave it', async () => {
    const directory = temporaryDirectory();
    await (await openFor(directory)).close();
    chmodSync(path.join(directory, 'tasks.db'), 0o640);
    await openFor(directory);
    expect(modeOf(directory, 'tasks.db')).toBe('640');
  });
});
