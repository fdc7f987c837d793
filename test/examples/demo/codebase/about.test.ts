import { describe, expect, it } from 'vitest';
import { aboutIn } from '../../../../examples/demo/codebase/about.ts';

const SOUL = '<file name="SOUL.md">\n# How\n\nKindly.\n</file>';

describe('aboutIn', () => {
  it.each([
    ['the first paragraph', '# Bees\n\nA study\nof bees.\n\nMore.', 'A study of bees.'],
    ['not a heading, a list or a comment', '# Bees\n\n- one\n- two\n\n<!-- no -->\n\nAll about them.', 'All about them.'],
    ['a paragraph that begins with code', '`bees` count bees.', '`bees` count bees.'],
    ['other scripts', '# 蜂\n\n蜂は踊る。', '蜂は踊る。'],
  ])('takes %s', (_what, text, about) => {
    expect(aboutIn(`${SOUL}\n\n<file name="PROJECT.md">\n${text}\n</file>`)).toBe(about);
  });

  it.each([['no PROJECT.md', SOUL], ['nothing at all', ''], ['an empty one', '<file name="PROJECT.md">\n# Bees\n</file>']])('finds nothing where there is %s', (_what, instructions) => {
    expect(aboutIn(instructions)).toBeUndefined();
  });

  it('keeps it short', () => {
    expect(aboutIn(`<file name="PROJECT.md">\n${'word '.repeat(500)}\n</file>`)?.length).toBeLessThanOrEqual(500);
  });
});
