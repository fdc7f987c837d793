import { describe, expect, it } from 'vitest';
import { readSourceGraph } from '../../scripts/sourceGraph.ts';
import { findUnusedExports } from '../../scripts/unusedExports.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';

const ENTRY = 'src/index.ts';

function unusedIn(files: Readonly<Record<string, string>>): readonly string[] {
  const root = temporaryDirectory();
  writeFiles(root, files);
  return findUnusedExports(readSourceGraph(root, 'src'), readSourceGraph(root, 'test'), [ENTRY]);
}

describe('findUnusedExports', () => {
  it('finds functions, classes and constants that nothing uses', () => {
    const source = 'export function f() {}\nexport class C {}\nexport const k = 1;\nconst hidden = 2;';
    expect(unusedIn({ 'src/a.ts': source })).toEqual(['f', 'C', 'k'].map((name) => `src/a.ts exports ${name}, which nothing uses`));
  });

  it('leaves types alone', () => {
    expect(unusedIn({ 'src/a.ts': 'export interface A {}\nexport type B = 1;' })).toEqual([]);
  });

  it.each([
    ['another file imports it', { 'src/b.ts': "import { f } from './a.ts';" }],
    ['another file imports it under another name', { 'src/b.ts': "import { f as g } from './a.ts';" }],
    ['another file imports everything', { 'src/b.ts': "import * as a from './a.ts';" }],
    ['another file loads it when it runs', { 'src/deep/b.ts': "export type B = typeof import('../a.ts');\nasync () => { await import('../a.ts'); };" }],
    ['a test imports it', { 'test/a.test.ts': "import { f } from '../src/a.ts';" }],
    ['the entry passes it on', { [ENTRY]: "export { f } from './a.ts';" }],
    ['the entry passes it on by way of a barrel', { [ENTRY]: "export { f } from './barrel.ts';", 'src/barrel.ts': "export { f } from './a.ts';" }],
  ])('counts an export as used when %s', (_why, files) => {
    expect(unusedIn({ 'src/a.ts': 'export function f() {}', ...files })).toEqual([]);
  });

  it('does not count a barrel that nobody reads', () => {
    expect(unusedIn({ 'src/a.ts': 'export function f() {}', 'src/barrel.ts': "export { f } from './a.ts';" })).toEqual(['src/a.ts exports f, which nothing uses']);
  });

  it('does not take another name of the same file for it', () => {
    const files = { 'src/a.ts': 'export function f() {}\nexport function g() {}', 'src/b.ts': "import { g } from './a.ts';" };
    expect(unusedIn(files)).toEqual(['src/a.ts exports f, which nothing uses']);
  });
});
