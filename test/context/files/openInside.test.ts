import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openInside } from '../../../src/lib/task-system/context/files/openInside.ts';
import { temporaryDirectory } from '../../support/files.ts';

const READS = 5_000;
/** Puts a link in the place of a folder and back, as fast as it can. */
const SWAPS = `
  const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
  process.stdout.write('swapping');
  for (;;) { renameSync('folder', 'aside'); symlinkSync('../outside', 'folder'); unlinkSync('folder'); renameSync('aside', 'folder'); }
`;

/** What is read of a name; or why nothing is. */
async function read(directory: string, name: string): Promise<string> {
  const opened = await openInside(directory, name);
  if (typeof opened === 'string') return opened;
  const text = await opened.handle.readFile('utf8');
  await opened.handle.close();
  return text;
}

/** A directory with a folder that has a file, and another directory beside it that has one of the same name. */
function layOut(): string {
  const base = temporaryDirectory();
  for (const folder of ['directory/folder', 'outside']) mkdirSync(join(base, folder), { recursive: true });
  writeFileSync(join(base, 'directory/folder/file'), 'ours');
  writeFileSync(join(base, 'outside/file'), 'secret');
  return join(base, 'directory');
}

describe('openInside', () => {
  it('reads a file of the directory', async () => {
    expect(await read(layOut(), 'folder/file')).toBe('ours');
  });

  it('does not follow a link that leads out, wherever on the way it is', async () => {
    const directory = layOut();
    symlinkSync('../outside', join(directory, 'way'));
    symlinkSync('../outside/file', join(directory, 'link'));
    expect(await Promise.all(['way/file', 'link', '../outside/file'].map((name) => read(directory, name)))).toEqual(['outside', 'outside', 'outside']);
  });

  it('follows a link that stays inside', async () => {
    const directory = layOut();
    symlinkSync('folder/file', join(directory, 'link'));
    expect(await read(directory, 'link')).toBe('ours');
  });

  it('never reads a file outside while somebody swaps a folder on the way for a link', { timeout: 240_000 }, async () => {
    const directory = layOut();
    const swapper = spawn(process.execPath, ['-e', SWAPS], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      swapper.kill('SIGKILL');
      await once(swapper, 'exit');
    });
    await once(swapper.stdout, 'data');
    const seen = new Map<string, number>();
    for (let count = 0; count < READS; count++) {
      const text = await read(directory, 'folder/file');
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
    expect([...seen.keys()].filter((text) => !['ours', 'outside', 'missing'].includes(text))).toEqual([]);
  });
});
