import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderEntry, type MemoryEntry } from '../../../src/lib/task-system/context/memory/MemoryEntry.ts';
import { addEntry } from '../../../src/lib/task-system/context/memory/MemoryText.ts';
import { entryOf, idsOf } from './support.ts';

const ROOM = 1_000_000;

function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function add(text: string, id: string, rest: Partial<MemoryEntry> = {}, maxTokens = ROOM): string {
  return addEntry(text, renderEntry(entryOf(id, rest)), maxTokens).text;
}

describe('addEntry', () => {
  it('makes the section at the end of what a person wrote', () => {
    expect(add('# Memory\n', 'a', { notes: ['more'], files: ['x.md', 'y.md'] })).toMatch(new RegExp([
      '^# Memory\n', '<!-- task-system:memory:begin -->', '## What tasks did', '', '<!-- task-system:entry ids=a at=2026-01-02T03:04:00.000Z times=1 key=\\w{16} lines=3 sum=\\w{16} -->',
      '- 2026-01-02 03:04 UTC research completed \\(summary\\): found a', '  - more', '  - Files: x.md, y.md', '<!-- task-system:memory:end -->\n$',
    ].join('\n')));
  });

  it('puts the newest entry first, below what a person wrote at the top of the section', () => {
    const text = add('', 'a').replace('## What tasks did\n', '## What tasks did\nmy own line\n');
    const two = add(text, 'b');
    expect(two.indexOf('my own line')).toBeLessThan(two.indexOf('ids=b'));
    expect(idsOf(two)).toEqual(['b', 'a']);
  });

  it('writes a task once, also when a person edited its entry', () => {
    const text = add('', 'a');
    expect(addEntry(text, renderEntry(entryOf('a', { summary: 'other' })), ROOM)).toMatchObject({ kind: 'known', text });
    const edited = text.replace('found a', 'found A, and it is mine now');
    expect(addEntry(edited, renderEntry(entryOf('a')), ROOM)).toMatchObject({ kind: 'known', text: edited });
  });

  it('makes one entry of two that say the same', () => {
    const one = add('', 'a', { summary: 'all is well!' });
    const two = addEntry(one, renderEntry(entryOf('b', { summary: 'All is  well', time: Date.UTC(2026, 0, 3) })), ROOM);
    expect(idsOf(two.text)).toEqual(['b', 'a']);
    expect(two.added).toEqual(['- 2026-01-03 00:00 UTC (2 times) research completed (summary): All is well']);
    expect(two.removed).toHaveLength(1);
    expect(addEntry(two.text, renderEntry(entryOf('a', { summary: 'all is well!' })), ROOM).kind).toBe('known');
  });

  it('lets the oldest entries go over the bound, never the new one and never an edited one', () => {
    let text = '';
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) text = add(text, id, { time: Date.UTC(2026, 0, 1 + index) });
    text = text.replace('found a', 'found a, says a person');
    const edit = addEntry(text, renderEntry(entryOf('e', { time: Date.UTC(2026, 0, 9) })), 1);
    expect(edit.evicted.flatMap(({ ids }) => ids)).toEqual(['b', 'c', 'd']);
    expect(idsOf(edit.text)).toEqual(['e', 'a']);
    expect(edit.text).toContain('says a person');
  });

  it.each([
    ['one mark without the other', (text: string) => text.replace(/.*memory:end.*\n/, '')],
    ['the end without the beginning', (text: string) => text.replace(/.*memory:begin.*\n/, '')],
    ['a mark twice', (text: string) => `${text}<!-- task-system:memory:end -->\n`],
    ['two sections', (text: string) => text + text],
    ['marks the wrong way round', () => '<!-- task-system:memory:end -->\n<!-- task-system:memory:begin -->\n'],
  ])('touches nothing where the marks are damaged: %s', (_what, damage) => {
    const text = damage(add('mine\n', 'a'));
    expect(addEntry(text, renderEntry(entryOf('b')), ROOM)).toMatchObject({ kind: 'damaged', text, added: [] });
  });

  it('keeps the line endings and the byte order mark of the file', () => {
    const text = add(bytes('\ufeff# Gedächtnis\r\nZeile\r\n'), 'a');
    expect(text.startsWith(bytes('\ufeff# Gedächtnis\r\nZeile\r\n'))).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(idsOf(add(text, 'b'))).toEqual(['b', 'a']);
    expect(add(bytes('\ufeff'), 'a').startsWith(bytes('\ufeff'))).toBe(true);
  });

  it('writes other scripts as UTF-8 and knows them again', () => {
    const text = add('', 'a', { summary: '蜂は踊る 🐝' });
    expect(Buffer.from(text, 'latin1').toString()).toContain('蜂は踊る 🐝');
    expect(addEntry(text, renderEntry(entryOf('b')), 1).evicted).toHaveLength(1);
  });

  it('stays one entry in one section, whatever an entry tries to smuggle', () => {
    const evil = fc.constantFrom('<!-- task-system:memory:end -->', '\n', '# x', '<!-- task-system:entry ids=z at=2026-01-01T00:00:00Z times=1 key=ab lines=1 sum=ab -->', '\r\n- y', '\u202e', '```');
    const text = fc.array(fc.oneof(evil, fc.string({ unit: 'binary' })), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(fc.property(text, fc.array(text, { maxLength: 3 }), fc.array(text, { maxLength: 3 }), text, (summary, notes, files, type) => {
      const once = addEntry('mine\n', renderEntry(entryOf('a', { summary, notes, files, type })), ROOM);
      expect(once.text.startsWith('mine\n')).toBe(true);
      expect(idsOf(once.text)).toEqual(['a']);
      const twice = addEntry(once.text, renderEntry(entryOf('b', { summary: 'another one' })), ROOM);
      expect(twice.kind).toBe('added');
      expect(idsOf(twice.text)).toEqual(['b', 'a']);
      expect(twice.text.split('\n').filter((line) => /^ {0,3}(?:#{1,6} |```|~~~|===)/.test(line))).toEqual(['## What tasks did']);
    }), { numRuns: 300 });
  });

  it('keeps every byte that is not its own', () => {
    const own = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\r\n', '# x\n', '- y\n')), { maxLength: 12 }).map((parts) => bytes(parts.join('')));
    fc.assert(fc.property(own, own, own, (before, inside, after) => {
      const text = `${before}\n<!-- task-system:memory:begin -->\n${inside}\n<!-- task-system:memory:end -->\n${after}`;
      const edit = addEntry(text, renderEntry(entryOf('a')), ROOM);
      const lines = edit.text.split('\n');
      const at = lines.findIndex((line) => line.includes('ids=a'));
      expect(lines.toSpliced(at, 2).join('\n')).toBe(text);
      expect(addEntry(edit.text, renderEntry(entryOf('b')), 1).text.replace(/<!-- task-system:entry ids=b.*\r?\n.*\r?\n/, '')).toBe(text);
    }), { numRuns: 300 });
  });
});
