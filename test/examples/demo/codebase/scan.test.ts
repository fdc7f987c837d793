import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeScans } from '../../../../examples/demo/codebase/merge.ts';
import { planScans, type ScanPart } from '../../../../examples/demo/codebase/plan.ts';
import { findFiles, ScanTally } from '../../../../examples/demo/codebase/scan.ts';
import { SCAN_BOUNDS, scanResultSchema, type ScanResult } from '../../../../examples/demo/codebase/ScanResult.ts';
import { countNodes, survey, type CodeBase } from '../../../../examples/demo/codebase/survey.ts';
import { linesOf, makeFolder, writeFiles } from '../../fixture.ts';

const EVERYTHING: ScanPart[] = [{ folder: '', deep: true }];

describe('findFiles', () => {
  it('walks deep and flat parts, skips what is excluded, and follows no links', async () => {
    const root = await makeFolder();
    await writeFiles(root, {
      'top.ts': 'a', 'src/a.ts': 'a', 'src/deep/b.ts': 'b', 'node_modules/x/index.js': 'x', '.git/config': 'x', 'reports/old.md': 'x', 'docs/a.md': '', 'docs/b.md': '',
    });
    await symlink(root, join(root, 'src/loop'));
    await symlink(join(root, 'top.ts'), join(root, 'src/link.ts'));
    const codeBase = { root, exclude: [join(root, 'reports')] };
    expect(await paths(codeBase, EVERYTHING)).toEqual(['docs/a.md', 'docs/b.md', 'src/a.ts', 'src/deep/b.ts', 'top.ts']);
    expect(await paths(codeBase, [{ folder: '', deep: false }])).toEqual(['top.ts']);
    expect(await paths(codeBase, [{ folder: 'docs', deep: false, from: 'b', to: 'b.md' }])).toEqual(['docs/b.md']);
  });

  it('finds in all scans of a plan together exactly what the survey saw', async () => {
    const root = await makeFolder();
    await writeFiles(root, Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`d${index % 7}/s${index % 3}/f${index}.ts`, linesOf(index * 10)])));
    const codeBase = { root, exclude: [] };
    const tree = await survey(codeBase);
    const found = (await Promise.all(planScans(tree).map((group) => findFiles(codeBase, group.parts)))).flat();
    expect(new Set(found.map((file) => file.path)).size).toBe(30);
    expect(found).toHaveLength(30);
    expect(countNodes(tree)).toEqual({ folders: 1 + 7 + 21, files: 30 });
  });

  it('takes a folder that is gone as empty', async () => {
    expect(await findFiles({ root: await makeFolder(), exclude: [] }, [{ folder: 'gone', deep: true }])).toEqual([]);
  });
});

describe('ScanTally', () => {
  it('counts lines by language, TODOs with place, sizes and hashes', async () => {
    const root = await makeFolder();
    await writeFiles(root, { 'a.ts': `// TODO: one\n${linesOf(9)}`, 'b.ts': linesOf(5), 'copy.md': linesOf(5), 'empty.ts': '' });
    const result = await scanAll(root);
    expect(result).toMatchObject({
      label: 'all', files: 4, lines: 20, comparable: 3, todoCount: 1,
      languages: { TypeScript: { files: 3, lines: 15 }, Markdown: { files: 1, lines: 5 } },
      todos: [{ path: 'a.ts', line: 1, kind: 'TODO', text: 'one' }],
    });
    expect(result.largest[0]).toEqual({ path: 'a.ts', lines: 10, bytes: result.largest[0]?.bytes });
    expect(mergeScans([result], 1).duplicates).toEqual([{ bytes: linesOf(5).length, paths: ['b.ts', 'copy.md'] }]);
  });

  it('tells what it did not read, and why', async () => {
    const root = await makeFolder();
    await writeFiles(root, { 'a.png': 'x', 'b.dat': Buffer.from([1, 0, 2]), 'package-lock.json': '{}', 'c.ts': 'x\n' });
    const tally = new ScanTally({ root, exclude: [] });
    for (const file of await findFiles({ root, exclude: [] }, EVERYTHING)) await tally.add(file);
    await tally.add({ path: 'gone.ts', name: 'gone.ts', bytes: 1 });
    await tally.add({ path: 'huge.log', name: 'huge.log', bytes: 1e9 });
    expect(tally.result('all')).toMatchObject({ files: 1, skipped: { binary: 2, generated: 1, tooLarge: 1, unreadable: 1 } });
  });

  it('keeps its lists bounded and its counts exact', async () => {
    const root = await makeFolder();
    const many = SCAN_BOUNDS.todos + 50;
    await writeFiles(root, { 'todos.ts': '// TODO: x\n'.repeat(many), ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}.ts`, 'x'])) });
    const result = await scanAll(root);
    expect(result.todoCount).toBe(many);
    expect(result.todos).toHaveLength(SCAN_BOUNDS.todos);
    expect(result.largest).toHaveLength(SCAN_BOUNDS.largest);
  });

  it('reads on when a file may not be read', async () => {
    const root = await makeFolder();
    await writeFiles(root, { 'a.ts': 'x\n', 'b.ts': 'x\n' });
    await chmod(join(root, 'a.ts'), 0);
    const result = await scanAll(root);
    // Root may read whatever it wants.
    const isRoot = process.getuid?.() === 0;
    expect(result).toMatchObject({ files: isRoot ? 2 : 1, closed: isRoot ? [] : ['a.ts'], skipped: { closed: isRoot ? 0 : 1, unreadable: 0 } });
  });
});

async function scanAll(root: string): Promise<ScanResult> {
  const codeBase = { root, exclude: [] };
  const tally = new ScanTally(codeBase);
  for (const file of await findFiles(codeBase, EVERYTHING)) await tally.add(file);
  return scanResultSchema.parse(tally.result('all'));
}

async function paths(codeBase: CodeBase, parts: readonly ScanPart[]): Promise<string[]> {
  return (await findFiles(codeBase, parts)).map((file) => file.path).sort();
}
