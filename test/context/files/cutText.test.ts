import { describe, expect, it } from 'vitest';
import { cutText } from '../../../src/lib/task-system/context/files/cutText.ts';

const count = (text: string): number => text.length;
const cut = (text: string, most: number): string => cutText('P.md', text, most, count);
const body = (mark: string, lines: number): string => `${mark.repeat(9)}\n`.repeat(lines);
const MARK = '[… left out of P.md to fit its budget';

describe('cutText', () => {
  it('leaves a text that fits exactly', () => {
    expect(cut('# A\nbody', 8)).toBe('# A\nbody');
  });

  it('keeps whole sections from the beginning and names the one that is missing', () => {
    expect(cut(`# A\n${body('a', 2)}# B\n${body('b', 50)}`, 130)).toBe(`# A\n${body('a', 2)}# B\n${body('b', 5)}${MARK}: "B" …]`);
  });

  it('leaves out a section of which only the heading would fit', () => {
    expect(cut(`# A\n${body('a', 2)}# B\n${'b'.repeat(300)}\n`, 120)).toBe(`# A\n${body('a', 2)}${MARK}: "B" …]`);
  });

  it('keeps a small section behind a large one that had to go, and marks the gap between them', () => {
    const text = cut(`# A\n${'a'.repeat(900)}\n# B\nsmall\n`, 220);
    expect(text).toBe(`${MARK}: "A" …]\n# B\nsmall`);
  });

  it('leaves nothing where not even the mark fits', () => {
    expect(cut(`# A\n${body('a', 50)}`, 20)).toBe('');
  });

  it('takes no line in fenced code for a heading', () => {
    const text = cut(`# A\n\`\`\`\n# not a heading\n\`\`\`\n${body('a', 90)}`, 120);
    expect(text).not.toContain('"not a heading"');
    expect(text).toContain('"A"');
  });

  it('lets a fence end only by one that is as long', () => {
    const text = cut(`# A\n\`\`\`\`\n\`\`\`\n# inside\n\`\`\`\`\n# Real\n${body('a', 90)}`, 140);
    expect(text).toContain('"Real"');
    expect(text).not.toContain('"inside"');
  });

  it('names four sections and counts the others', () => {
    const text = cut('ABCDEFG'.split('').map((name) => `# ${name}\n${name.repeat(500)}\n`).join(''), 150);
    expect(text).toBe(`${MARK}: "A", "B", "C", "D" and 3 more …]`);
  });

  it('names a title once, however many sections have it', () => {
    expect(cut(`# A\n${'x'.repeat(500)}\n# A\n${'y'.repeat(500)}\n`, 120)).toBe(`${MARK}: "A" …]`);
  });

  it('cuts a title after 40 characters', () => {
    expect(cut(`# ${'T'.repeat(60)}\n${'x'.repeat(900)}\n`, 200)).toContain(`"${'T'.repeat(40)}" …]`);
  });

  it('names nothing where the text has no headings', () => {
    expect(cut(body('a', 50), 100)).toBe(`${body('a', 6)}${MARK} …]`);
  });

  it('knows a title without the signs that close it', () => {
    expect(cut(`## A ##\n${'x'.repeat(900)}\n`, 200)).toContain(': "A" …]');
  });

  it('takes no seven signs for a heading', () => {
    expect(cut(`####### A\n${'x'.repeat(900)}\n`, 200)).not.toContain('"A"');
  });

  it('stays within the budget also where parts count more together than alone', () => {
    const odd = (text: string): number => text.length + text.split('\n').length ** 2;
    for (const most of [80, 200, 700]) expect(odd(cutText('P.md', `# A\n${body('a', 20)}# B\n${body('b', 20)}`, most, odd))).toBeLessThanOrEqual(Math.max(most, 1));
  });
});
