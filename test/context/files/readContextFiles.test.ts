import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readContextFiles } from '../../../src/lib/task-system/context/files/readContextFiles.ts';
import { temporaryDirectory, writeFiles } from '../../support/files.ts';

const MANY = 1_000_000;

function files(...names: readonly string[]): { name: string; as: 'instructions' }[] {
  return names.map((name) => ({ name, as: 'instructions' }));
}

describe('readContextFiles', () => {
  it('reads UTF-8 without its byte order mark and with one kind of line endings; what is missing is fine', async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'a.md': '\ufeffZeile 蜂\r\nzwei\r\n' });
    const { files: read, problems } = await readContextFiles(directory, files('a.md', 'none.md', 'none/at/all.md'), MANY);
    expect(read).toMatchObject([{ name: 'a.md', text: 'Zeile 蜂\nzwei\n', rawBytes: 20 }]);
    expect(problems).toEqual([]);
  });

  it('refuses folders, FIFOs, devices and links that lead out, without being held up', async () => {
    const directory = temporaryDirectory();
    const outside = temporaryDirectory();
    writeFiles(outside, { 'secret.md': 'secret' });
    writeFiles(directory, { 'real/inside.md': 'inside' });
    mkdirSync(join(directory, 'folder'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    symlinkSync('/dev/zero', join(directory, 'device'));
    symlinkSync(join(outside, 'secret.md'), join(directory, 'out'));
    symlinkSync(outside, join(directory, 'way'));
    symlinkSync('loop', join(directory, 'loop'));
    symlinkSync('real/inside.md', join(directory, 'in'));
    const names = ['folder', 'fifo', 'device', 'out', 'way/secret.md', '../x.md', 'loop', 'in'];
    const { files: read, problems } = await readContextFiles(directory, files(...names), MANY);
    expect(read.map(({ text }) => text)).toEqual(['inside']);
    expect(problems).toEqual([
      'folder was left out: it is not a regular file', 'fifo was left out: it is not a regular file', 'device was left out: it is outside',
      'out was left out: it is outside', 'way/secret.md was left out: it is outside', 'loop was left out: it is outside',
    ]);
  });

  it('reads the beginning and the end of what is too large, whole lines, and marks the gap', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'large.md'), Array.from({ length: 1_000 }, (_, index) => `line ${String(index)} 蜂\n`).join(''));
    const { files: [file], problems } = await readContextFiles(directory, files('large.md'), 200);
    expect(file?.text).toMatch(/^line 0 蜂\n(?:line \d 蜂\n)+\n\n\[… \d+ bytes of large.md were not read …\]\n\nline 99\d 蜂\n[^]*line 999 蜂\n$/);
    expect(file?.rawBytes).toBe(12_890);
    expect(problems).toEqual([expect.stringMatching(/^large.md has 12890 bytes, of which \d+ in the middle were not read$/)]);
  });

  it('gives what it can of a file that is not UTF-8, and says so', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'odd.md'), Buffer.from([0x66, 0xfc, 0x72]));
    const { files: [file], problems } = await readContextFiles(directory, files('odd.md'), MANY);
    expect(file?.text).toBe('f\ufffdr');
    expect(problems).toEqual(['odd.md is not UTF-8: what cannot be read was replaced']);
  });
});
