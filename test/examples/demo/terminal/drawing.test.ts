import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderBar } from '../../../../examples/demo/terminal/bar.ts';
import { formatAgo, formatDuration } from '../../../../examples/demo/terminal/duration.ts';
import { chooseGlyphs, createStyle, wantsColour } from '../../../../examples/demo/terminal/style.ts';
import { renderTable, type Column } from '../../../../examples/demo/terminal/table.ts';
import { widthOf } from '../../../../examples/demo/terminal/text.ts';

const unicode = chooseGlyphs({ LANG: 'en_US.UTF-8' }, 'linux');
const ascii = chooseGlyphs({}, 'linux');

describe('renderBar', () => {
  it.each([[0, '....'], [24, '....'], [25, '#...'], [50, '##..'], [99.9, '###.'], [100, '####'], [-5, '....'], [500, '####'], [Number.NaN, '....']])(
    'draws %d percent as %s', (percent, bar) => {
      expect(renderBar(percent, 4, ascii)).toBe(bar);
    });

  it('uses parts of blocks where there are some', () => {
    expect(renderBar(37.5, 4, unicode)).toBe('█▌░░');
    expect(renderBar(100, 4, unicode)).toBe('████');
  });

  it('has exactly the width it was given, and is full only at 100 percent', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 100, noNaN: true }), fc.integer({ min: 0, max: 80 }), fc.constantFrom(unicode, ascii), (percent, columns, glyphs) => {
      const bar = renderBar(percent, columns, glyphs);
      expect(widthOf(bar)).toBe(columns);
      if (columns > 0) expect(bar === glyphs.full.repeat(columns)).toBe(percent === 100);
    }));
  });
});

describe('renderTable', () => {
  const columns: Column[] = [{ title: 'task', shrinks: true }, { title: 'n', align: 'right' }];

  it('lays columns out and rules the head off', () => {
    expect(renderTable(columns, [[{ text: 'scan' }, { text: '7' }], [{ text: 'report' }, { text: '12' }]], 80, '-')).toEqual([
      'task     n', '------  --', 'scan     7', 'report  12',
    ]);
  });

  it('narrows only what may shrink, down to a readable width', () => {
    const lines = renderTable(columns, [[{ text: 'a very long name indeed' }, { text: '1234567' }]], 20, '-');
    expect(lines.at(-1)).toBe('a very lon…  1234567');
    expect(renderTable(columns, [[{ text: 'a very long name indeed' }, { text: '1234567' }]], 5, '-').at(-1)).toBe('a ver…  1234567');
  });

  it('paints after it has measured, and prints no control characters of others', () => {
    const { red } = createStyle(true);
    const line = renderTable(columns, [[{ text: 'a\u001b[2Jb', paint: red }, { text: '1' }]], 80, '-').at(-1) ?? '';
    expect(line).toBe('\u001b[31ma [2Jb\u001b[39m  1');
    expect(stripVTControlCharacters(line)).toBe('a [2Jb  1');
  });
});

describe('formatDuration', () => {
  it.each([[0, '0 ms'], [999, '999 ms'], [1_000, '1.0 s'], [59_949, '59.9 s'], [59_950, '1 min 00 s'], [125_000, '2 min 05 s'], [3_599_600, '1 h 00 min'], [7_320_000, '2 h 02 min'], [-5, '0 ms']])(
    'writes %i ms as %s', (ms, shown) => {
      expect(formatDuration(ms)).toBe(shown);
    });
});

describe('formatAgo', () => {
  it.each([[0, 'just now'], [59_999, 'just now'], [60_000, '1 min ago'], [3_600_000, '1 h ago'], [86_400_000, '1 day ago'], [200_000_000, '2 days ago']])(
    'writes %i ms as %s', (ms, shown) => {
      expect(formatAgo(ms)).toBe(shown);
    });
});

describe('style', () => {
  it('uses colours on a terminal only, unless the environment says otherwise', () => {
    expect(wantsColour(true, {})).toBe(true);
    expect(wantsColour(false, {})).toBe(false);
    expect(wantsColour(true, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
    expect(wantsColour(true, { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(false, { FORCE_COLOR: '1' })).toBe(true);
    expect(wantsColour(true, { TERM: 'dumb' })).toBe(false);
  });

  it('leaves text alone without colours', () => {
    expect(createStyle(false).red('x')).toBe('x');
    expect(createStyle(true).bold('x')).toBe('\u001b[1mx\u001b[22m');
  });

  it('takes ASCII signs where the locale cannot show others', () => {
    expect(chooseGlyphs({ LANG: 'C' }, 'linux').full).toBe('#');
    expect(chooseGlyphs({ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'linux').full).toBe('#');
    expect(chooseGlyphs({ LANG: 'C.utf8' }, 'linux').full).toBe('█');
    expect(chooseGlyphs({}, 'darwin').full).toBe('█');
  });
});
