import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderReport, REPORT_ROWS, size } from '../../../../examples/demo/codebase/markdown.ts';
import { findDuplicates, mergeScans, wastedBytes } from '../../../../examples/demo/codebase/merge.ts';
import { boundHashes, type ScanResult } from '../../../../examples/demo/codebase/ScanResult.ts';

const hashes = fc.array(fc.tuple(fc.constantFrom('aa', 'bb', 'cc', 'dd'), fc.constantFrom(1, 20, 300), fc.uuid()), { maxLength: 30 });

describe('mergeScans', () => {
  it('adds counts up and merges languages, most lines first', () => {
    const summary = mergeScans([
      scan({ files: 2, lines: 30, languages: { Go: { files: 1, lines: 10 }, Rust: { files: 1, lines: 20 } }, skipped: { binary: 1, generated: 0, tooLarge: 0, closed: 0, unreadable: 2 } }),
      scan({ files: 3, lines: 15, languages: { Go: { files: 3, lines: 15 } } }),
    ], 9);
    expect(summary).toMatchObject({ scans: 2, folders: 9, files: 5, lines: 45, skipped: { binary: 1, unreadable: 2 } });
    expect(summary.languages).toEqual([{ name: 'Go', files: 4, lines: 25 }, { name: 'Rust', files: 1, lines: 20 }]);
  });

  it('does not depend on the order of the scans', () => {
    fc.assert(fc.property(fc.array(hashes, { maxLength: 5 }), (lists) => {
      const scans = lists.map((list, index) => scan({ hashes: list, largest: [{ path: `p${index}`, lines: 1, bytes: 5 }], languages: { [`L${index}`]: { files: 1, lines: 1 } } }));
      expect(mergeScans(scans.toReversed(), 1)).toEqual(mergeScans(scans, 1));
    }));
  });
});

describe('findDuplicates', () => {
  it('needs both hash and size to be equal, and puts what wastes most first', () => {
    expect(findDuplicates([['h', 10, 'a'], ['h', 11, 'b'], ['h', 10, 'c'], ['big', 1_000, 'e'], ['big', 1_000, 'd'], ['one', 9_999, 'f']])).toEqual([
      { bytes: 1_000, paths: ['d', 'e'] }, { bytes: 10, paths: ['a', 'c'] },
    ]);
  });

  it('puts each file into at most one group of at least two', () => {
    fc.assert(fc.property(hashes, (list) => {
      const groups = findDuplicates(list);
      const paths = groups.flatMap((group) => group.paths);
      expect(new Set(paths).size).toBe(paths.length);
      expect(groups.every((group) => group.paths.length >= 2)).toBe(true);
      expect(groups.map(wastedBytes)).toEqual(groups.map(wastedBytes).toSorted((a, b) => b - a));
    }));
  });
});

describe('boundHashes', () => {
  it('leaves results alone that fit', () => {
    const scans = [scan({ hashes: [['a', 1, 'p']], comparable: 1 })];
    expect(boundHashes(scans, 10_000)).toEqual(scans);
  });

  it('stays within the bound by dropping the smallest files of all scans first', () => {
    fc.assert(fc.property(fc.array(hashes, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 4_000 }), (lists, extra) => {
      const scans = lists.map((list) => scan({ hashes: list, comparable: list.length }));
      const empty = Buffer.byteLength(JSON.stringify(scans.map((result) => ({ ...result, hashes: [] }))));
      const bounded = boundHashes(scans, empty + extra);
      expect(Buffer.byteLength(JSON.stringify(bounded))).toBeLessThanOrEqual(empty + extra);
      const kept = bounded.flatMap((result) => result.hashes);
      const dropped = scans.flatMap((result) => result.hashes).filter((entry) => !kept.includes(entry));
      expect(Math.max(0, ...dropped.map((entry) => entry[1]))).toBeLessThan(Math.min(Infinity, ...kept.map((entry) => entry[1])));
    }));
  });
});

describe('renderReport', () => {
  it('shows the numbers, tables and places', () => {
    const report = renderReport('shop', mergeScans([scan({
      files: 3, lines: 1_200, bytes: 2_048, languages: { TypeScript: { files: 2, lines: 900 }, Go: { files: 1, lines: 300 } },
      largest: [{ path: 'src/a.ts', lines: 800, bytes: 1_536 }], todoCount: 1, todos: [{ path: 'src/a.ts', line: 7, kind: 'TODO', text: 'tidy' }],
      hashes: [['h', 10, 'x.ts'], ['h', 10, 'y.ts']], comparable: 2, skipped: { binary: 4, generated: 0, tooLarge: 0, closed: 0, unreadable: 0 },
    })], 5));
    expect(report).toContain('# shop\n\n3 text files with 1,200 lines (2.0 KiB) in 5 folders, read by 1 scan.\n\nNot read: 4 binary.\n');
    expect(report).toContain('| TypeScript | 2 | 900 | 75.0 % |');
    expect(report).toContain('| `src/a.ts` | 800 | 1.5 KiB |');
    expect(report).toContain('## TODO and FIXME (1)\n\n- `src/a.ts:7` TODO: tidy');
    expect(report).toContain('## Duplicate files (1)\n\n- 10 bytes could go: `x.ts`, `y.ts`');
  });

  it('says so where there is nothing', () => {
    const report = renderReport('empty', mergeScans([], 1));
    expect(report.match(/^None\.$/gm)).toHaveLength(4);
  });

  it('says what it left out', () => {
    const todos = Array.from({ length: REPORT_ROWS.todos + 3 }, (_, index) => ({ path: 'a.ts', line: index + 1, kind: 'TODO' as const, text: '' }));
    const report = renderReport('big', mergeScans([scan({ todos, todoCount: 1_000, comparable: 500 })], 1));
    expect(report).toContain(`- and ${1_000 - REPORT_ROWS.todos} more`);
    expect(report).toContain('Only the 0 largest of 500 files were compared.');
  });

  it('names the files that tasks may not open, the first of them', () => {
    const closed = ['a/.env', 'b/.env', 'c/.env', 'd/.env', 'e/.env'];
    const skipped = { binary: 0, generated: 0, tooLarge: 0, closed: 7, unreadable: 1 };
    const report = renderReport('big', mergeScans([scan({ closed: closed.slice(2), skipped }), scan({ closed: closed.slice(0, 2) })], 1));
    expect(report).toContain('Not read: 7 closed to tasks (`a/.env`, `b/.env`, `c/.env`, `d/.env`, `e/.env` and 2 more), 1 unreadable.');
  });

  it('keeps text from files from becoming markup or breaking lines', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('|', '`', '<', '\n', '\r', '\u2028', '*', '_', '#', 'a', '\\', '[') }), (text) => {
      const lines = renderReport(text, mergeScans([scan({
        todos: [{ path: text, line: 1, kind: 'TODO', text }], todoCount: 1, largest: [{ path: text, lines: 1, bytes: 1 }],
      })], 1)).split('\n');
      expect(lines).toHaveLength(renderReport('a', mergeScans([scan({
        todos: [{ path: 'a', line: 1, kind: 'TODO', text: 'a' }], todoCount: 1, largest: [{ path: 'a', lines: 1, bytes: 1 }],
      })], 1)).split('\n').length);
      const row = lines.find((line) => line.endsWith('| 1 | 1 byte |'));
      expect(row?.match(/(?<!\\)\|/g)).toHaveLength(4);
    }));
  });
});

describe('size', () => {
  it.each([[0, '0 bytes'], [1, '1 byte'], [1_023, '1,023 bytes'], [1_024, '1.0 KiB'], [1_536, '1.5 KiB'], [5 * 1024 ** 2, '5.0 MiB'], [3 * 1024 ** 5, '3072.0 TiB']])(
    'of %i is %s', (bytes, text) => {
      expect(size(bytes)).toBe(text);
    });
});

function scan(fields: Partial<ScanResult>): ScanResult {
  return {
    label: 'x', files: 0, lines: 0, bytes: 0, languages: {}, largest: [], todoCount: 0, todos: [], hashes: [], comparable: 0,
    skipped: { binary: 0, generated: 0, tooLarge: 0, closed: 0, unreadable: 0 }, closed: [], ...fields,
  };
}
