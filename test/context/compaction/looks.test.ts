import { describe, expect, it } from 'vitest';
import { isSlight, looksOf, namesThings } from '../../../src/lib/task-system/context/compaction/looks.ts';

describe('looksOf', () => {
  it.each([['W-123', 'open'], ['/srv/a.txt', 'a few more words'], ['2024-05-20', '07:30'], ['1234567', '128'], ['order_id', 'order'], ['JFK', 'PM'], ['8f14e45f', '$1,200.50']])('thinks more of %s than of %s', (better, worse) => {
    expect(looksOf(better)).toBeGreaterThan(looksOf(worse));
  });
});

describe('isSlight', () => {
  it.each(['7', '42', '128', '3.14', '$299', '12%', '07:30', '07:30:00', '2024-05-20T07:30:00', '2024-05-20 07:30', 'ok'])('takes %s for an amount, a time or nothing', (value) => { expect(isSlight(value)).toBe(true); });
  it.each(['12345', '2024-05-20', 'W128', 'AB-12', 'a.b', 'yes'])('takes %s for more', (value) => { expect(isSlight(value)).toBe(false); });
});

describe('namesThings', () => {
  it.each(['id', 'user_id', 'userId', 'Order ID', 'order number', 'file_path', 'fileName', 'filename', 'repo-url', 'error.code', 'branch', 'ids', 'e-mail email'])('knows %s', (key) => { expect(namesThings(key)).toBe(true); });
  it.each(['', 'paid', 'valid', 'price', 'grid', 'description', 'idea', 'numbers of it', 'tide'])('does not know %s', (key) => { expect(namesThings(key)).toBe(false); });
});
