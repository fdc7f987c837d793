import { describe, expect, it } from 'vitest';
import { parseContextReport } from '../../src/lib/task-system/core/contextReport.ts';
import type { JsonObject } from '../../src/lib/task-system/types/Json.ts';
import { thrownBy } from '../support/thrown.ts';

const FILE = { name: 'PROJECT.md', as: 'instructions', rawBytes: 10, rawTokens: 3, usedTokens: 3, hash: 'abc' };
const REPORT = { files: [FILE], usedTokens: 3, maxTokens: 100 };

describe('parseContextReport', () => {
  it.each<[string, JsonObject]>([
    ['files', REPORT], ['no files', { ...REPORT, files: [] }], ['a compaction', { ...REPORT, compaction: { before: 9, after: 4, dropped: 1, masked: 2, ms: 3 } }],
    ['a compaction whose counts are not known', { ...REPORT, compaction: { dropped: 0, masked: 0, ms: 0 } }],
  ])('takes a report of %s as it is', (_what, report) => {
    expect(parseContextReport(report)).toEqual(report);
  });

  it.each<[string, JsonObject]>([
    ['a negative count', { ...REPORT, usedTokens: -1 }], ['a count that is a text', { ...REPORT, maxTokens: '100' }], ['something unknown', { ...REPORT, more: 1 }],
    ['a name beyond measure', { ...REPORT, files: [{ ...FILE, name: 'x'.repeat(257) }] }], ['a hash beyond measure', { ...REPORT, files: [{ ...FILE, hash: 'x'.repeat(65) }] }],
    ['more files than there are', { ...REPORT, files: Array.from({ length: 17 }, () => FILE) }], ['a file as something else', { ...REPORT, files: [{ ...FILE, as: 'orders' }] }],
    ['nothing', {}],
  ])('refuses %s as a breach of the protocol', (_what, report) => {
    expect(thrownBy(() => parseContextReport(report)).code).toBe('TASK_PROTOCOL');
  });
});
