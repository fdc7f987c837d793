import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/files.ts';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

const SOURCES = path.join(REPOSITORY, 'src/lib/task-system');

describe('examples/research-tree.ts', { timeout: 600_000 }, () => {
  it('surveys every folder by a task of its own, and adds up the same as who counts by himself', async () => {
    const folder = await makeFolder();
    const app = runExample('research-tree.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    const lines = app.output().split('\n');
    const folders = readdirSync(SOURCES, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const shown = lines.flatMap((line) => /^ +([\w-]+): completed, attempt [12]$/.exec(line)?.[1] ?? []);
    expect(shown.toSorted()).toEqual(folders.toSorted());
    const found: { files: number; lines: number; exports: number } = JSON.parse(lines.find((line) => line.startsWith('{"folder"')) ?? '{}');
    const counted: { files: number; lines: number } = JSON.parse(/^counted without tasks: (.+)$/m.exec(app.output())?.[1] ?? '{}');
    expect({ files: found.files, lines: found.lines }).toEqual(counted);
    expect(found.exports).toBeGreaterThan(found.files);
    // A folder is a child of the folder it lies in.
    expect(lines).toContain('  store: completed, attempt 2');
    expect(lines).toContain('    sqlite: completed, attempt 2');
    expect(app.output()).toMatch(/^100 %: (\d+) of \1 folders$/m);
  });
});
