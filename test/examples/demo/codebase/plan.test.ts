import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInPart, labelOf, MAX_SCANS, MIN_SCANS, planScans, type ScanPart } from '../../../../examples/demo/codebase/plan.ts';
import { compareNames, countNodes, joinPath, type FolderNode, type ListedFile } from '../../../../examples/demo/codebase/survey.ts';

const name = fc.stringMatching(/^[a-z]{1,6}$/);
const files = fc.uniqueArray(fc.record({ name, bytes: fc.integer({ min: 0, max: 2_000_000 }) }), { selector: (file) => file.name, maxLength: 8 })
  .map((list) => list.sort((a, b) => compareNames(a.name, b.name)));
interface Shape { readonly files: ListedFile[]; readonly folders: readonly (readonly [string, Shape])[] }
const shape = (depth: number): fc.Arbitrary<Shape> => fc.record({
  files,
  folders: depth === 0 ? fc.constant([]) : fc.uniqueArray(fc.tuple(name, shape(depth - 1)), { selector: ([folder]) => folder, maxLength: 4 }),
});
const tree = shape(3).map((root) => toNode('', root));

describe('planScans', () => {
  it('gives each file to exactly one scan, whatever the tree', () => {
    fc.assert(fc.property(tree, (root) => {
      const parts = planScans(root).flatMap((group) => group.parts);
      for (const { folder, file } of allFiles(root)) expect(parts.filter((part) => covers(part, folder, file))).toHaveLength(1);
    }), { numRuns: 300 });
  });

  it('makes as many scans as there are files up to the minimum, and never more than the maximum', () => {
    fc.assert(fc.property(tree, (root) => {
      const groups = planScans(root);
      expect(groups.length).toBeGreaterThanOrEqual(Math.min(MIN_SCANS, countNodes(root).files));
      expect(groups.length).toBeLessThanOrEqual(MAX_SCANS);
      expect(groups.reduce((sum, group) => sum + group.files, 0)).toBe(countNodes(root).files);
    }), { numRuns: 300 });
  });

  it('gives the same groups for the same tree', () => {
    fc.assert(fc.property(tree, (root) => { expect(planScans(structuredClone(root))).toEqual(planScans(root)); }));
  });

  it('splits one flat folder by file names', () => {
    const flat = toNode('', { files: Array.from({ length: 40 }, (_, index) => ({ name: `f${String(index).padStart(2, '0')}`, bytes: 1_000 })), folders: [] });
    const groups = planScans(flat);
    expect(groups.length).toBeGreaterThanOrEqual(MIN_SCANS);
    expect(groups[0]?.label).toMatch(/^\(top level\) \[f00 … f\d\d\]$/);
  });

  it('keeps small neighbours together', () => {
    const folders = Array.from({ length: 100 }, (_, index): [string, Shape] => [`d${String(index).padStart(3, '0')}`, { files: [{ name: 'a.ts', bytes: 10 }], folders: [] }]);
    const groups = planScans(toNode('', { files: [], folders }));
    expect(groups.length).toBeLessThanOrEqual(MAX_SCANS);
    expect(groups.every((group) => group.files >= 5)).toBe(true);
  });

  it('has nothing to plan for an empty tree', () => {
    expect(planScans({ path: '', files: [], folders: [] })).toEqual([]);
  });
});

describe('labelOf', () => {
  it.each<[ScanPart[], string]>([
    [[{ folder: 'src/core', deep: true }], 'src/core'],
    [[{ folder: '', deep: false }, { folder: 'docs', deep: true }], '(top level) +1'],
    [[{ folder: 'docs', deep: false, from: 'a.md', to: 'f.md' }], 'docs [a.md … f.md]'],
    [[{ folder: 'docs', deep: false, from: 'a.md', to: 'a.md' }], 'docs [a.md]'],
  ])('of %j is %s', (parts, label) => {
    expect(labelOf(parts)).toBe(label);
  });
});

function toNode(path: string, { files: own, folders }: Shape): FolderNode {
  return { path, files: own, folders: folders.map(([folder, inner]) => toNode(joinPath(path, folder), inner)) };
}

function allFiles(node: FolderNode): { folder: string; file: string }[] {
  return [...node.files.map((file) => ({ folder: node.path, file: file.name })), ...node.folders.flatMap(allFiles)];
}

function covers(part: ScanPart, folder: string, file: string): boolean {
  const isBelow = part.deep && (part.folder === '' || folder.startsWith(`${part.folder}/`));
  return (folder === part.folder || isBelow) && isInPart(part, file);
}
