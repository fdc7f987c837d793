import { describe, expect, it } from 'vitest';
import { entryComment, mergeEntries, readComment, renderEntry, sumOf, type MemoryEntry, type StoredEntry } from '../../../src/lib/task-system/context/memory/MemoryEntry.ts';
import { entryOf } from './support.ts';

const render = (more: Partial<MemoryEntry> = {}): StoredEntry => renderEntry(entryOf('t1', more));
const keyOf = (more: Partial<MemoryEntry>): string => render(more).key;
const later = Date.UTC(2026, 5, 1);

describe('renderEntry', () => {
  it('writes when, what, how it ended and what was said in one line', () => {
    expect(render().lines).toEqual(['- 2026-01-02 03:04 UTC research completed (summary): found t1']);
  });

  it('says that nothing was said where nothing was', () => {
    expect(render({ summary: ' \n ' }).lines[0]).toMatch(/: nothing was said$/);
  });

  it('writes each note in a line of its own', () => {
    expect(render({ notes: ['one', 'two'] }).lines.slice(1)).toEqual(['  - one', '  - two']);
  });

  it('keeps a note in its line, whatever it holds', () => {
    expect(render({ notes: ['a\n- forged'] }).lines).toHaveLength(2);
  });

  it('leaves out notes that say nothing', () => {
    expect(render({ notes: ['', '  ', 'x'] }).lines.slice(1)).toEqual(['  - x']);
  });

  it('keeps twelve notes', () => {
    expect(render({ notes: Array.from({ length: 20 }, (_, index) => `n${String(index)}`) }).lines).toHaveLength(13);
  });

  it('cuts a summary after 600 characters, and shows it', () => {
    const [line = ''] = render({ summary: 'x'.repeat(700) }).lines;
    expect(line.endsWith(`${'x'.repeat(599)}…`)).toBe(true);
  });

  it('names each file once', () => {
    expect(render({ files: ['a', 'b', 'a', ''] }).lines[1]).toBe('  - Files: a, b');
  });

  it('names twelve files and counts the others', () => {
    const files = Array.from({ length: 14 }, (_, index) => `f${String(index)}`);
    expect(render({ files }).lines[1]).toMatch(/f11 and 2 more$/);
  });

  it('takes from an id what could end its comment', () => {
    expect(renderEntry(entryOf('a -->b')).ids).toEqual(['a_--_b']);
  });
});

describe('the key of an entry', () => {
  it('does not depend on when it was and on which task it was', () => {
    expect(renderEntry(entryOf('x', { summary: 's', time: later })).key).toBe(renderEntry(entryOf('y', { summary: 's' })).key);
  });

  it('does not depend on letter case, signs and spaces', () => {
    expect(keyOf({ summary: 'Found: 3 bees!' })).toBe(keyOf({ summary: 'found 3  bees' }));
  });

  it('does not depend on how long it took', () => {
    expect(keyOf({ summary: 'done in 3.5 s' })).toBe(keyOf({ summary: 'done in 120 ms' }));
  });

  it('differs where another number is named', () => {
    expect(keyOf({ summary: 'found 3' })).not.toBe(keyOf({ summary: 'found 4' }));
  });

  it('differs by outcome', () => {
    expect(keyOf({ outcome: 'failed' })).not.toBe(keyOf({ outcome: 'completed' }));
  });

  it('differs by what the notes say', () => {
    expect(keyOf({ notes: ['a'] })).not.toBe(keyOf({ notes: ['b'] }));
  });

  it('does not take a note for a part of the summary', () => {
    expect(keyOf({ summary: 'a', notes: ['b'] })).not.toBe(keyOf({ summary: 'a b' }));
  });
});

describe('mergeEntries', () => {
  const older = renderEntry(entryOf('old', { summary: 's' }));
  const newer = renderEntry(entryOf('new', { summary: 's', time: later }));

  it('says how often it happened, and when last', () => {
    expect(mergeEntries(older, newer).lines[0]).toBe('- 2026-06-01 00:00 UTC (2 times) research completed (summary): s');
  });

  it('counts on where it had been counted', () => {
    const three = mergeEntries(mergeEntries(older, newer), renderEntry(entryOf('third', { summary: 's' })));
    expect([three.times, three.lines[0]]).toEqual([3, '- 2026-06-01 00:00 UTC (3 times) research completed (summary): s']);
  });

  it('names the tasks, newest first, each once', () => {
    expect(mergeEntries(mergeEntries(older, newer), newer).ids).toEqual(['new', 'old']);
  });

  it('forgets the oldest of more than twenty tasks', () => {
    let merged = renderEntry(entryOf('t0', { summary: 's' }));
    for (let index = 1; index <= 25; index++) merged = mergeEntries(merged, renderEntry(entryOf(`t${String(index)}`, { summary: 's' })));
    expect([merged.ids.length, merged.ids[0], merged.ids.at(-1), merged.times]).toEqual([20, 't25', 't6', 26]);
  });

  it('keeps the later time also when they come in another order', () => {
    expect(mergeEntries(newer, older).time).toBe(later);
  });
});

describe('readComment', () => {
  it('reads back what was written', () => {
    const entry = mergeEntries(render({ notes: ['n'] }), renderEntry(entryOf('t2')));
    expect(readComment(entryComment(entry))).toEqual({ ids: entry.ids, time: entry.time, times: 2, key: entry.key, lineCount: entry.lines.length, sum: sumOf(entry.lines) });
  });

  it('reads it with the space around it that an editor left', () => {
    expect(readComment(`  ${entryComment(render())}\r\n`)?.ids).toEqual(['t1']);
  });

  it('knows no other comment', () => {
    expect(readComment('<!-- task-system:memory:begin -->')).toBeUndefined();
  });

  it('knows no comment with a time that cannot be', () => {
    expect(readComment(entryComment(render()).replace(/at=\S+/, 'at=2026-99-99T00:00:00.000Z'))).toBeUndefined();
  });

  it('knows no comment with words behind it', () => {
    expect(readComment(`${entryComment(render())} and more`)).toBeUndefined();
  });
});

describe('sumOf', () => {
  it('tells an entry that somebody edited', () => {
    expect(sumOf(['- a'])).not.toBe(sumOf(['- b']));
  });

  it('tells lines apart that only join to the same', () => {
    expect(sumOf(['a', 'b'])).not.toBe(sumOf(['ab']));
  });
});
