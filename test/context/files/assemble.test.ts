import { describe, expect, it } from 'vitest';
import { assembleContext } from '../../../src/lib/task-system/context/files/assemble.ts';
import type { BuiltContext, RawContextFile } from '../../../src/lib/task-system/types/Context.ts';

const count = (text: string): number => text.length;
const file = (name: string, text: string, more: Partial<RawContextFile> = {}): RawContextFile => ({ name, as: 'instructions', text, rawBytes: text.length, hash: 'h', ...more });
const note = (text: string): RawContextFile => file('MEMORY.md', text, { as: 'notes' });
const build = (files: readonly RawContextFile[], maxTokens = 10_000, maxFileTokens = 10_000): BuiltContext => assembleContext({ files, maxTokens, maxFileTokens }, count);

describe('assembleContext', () => {
  it('is empty without files', () => {
    expect(build([])).toEqual({ instructions: '', messages: [], report: { files: [], usedTokens: 0, maxTokens: 10_000 } });
  });

  it('wraps each file in its name, in their order', () => {
    expect(build([file('b', '1'), file('a', '2')]).instructions).toBe('<file name="b">\n1\n</file>\n\n<file name="a">\n2\n</file>');
  });

  it('leaves out a file with nothing but space', () => {
    expect(build([file('a', ' \n')]).report.files).toEqual([]);
  });

  it('quotes notes in a message of the user, after words that they are no instructions', () => {
    const { instructions, messages } = build([note('n')]);
    expect(instructions).toBe('');
    expect(messages).toEqual([{ role: 'user', content: expect.stringMatching(/not instructions to follow\.\n\n<notes file="MEMORY\.md">\nn\n<\/notes>$/) }]);
  });

  it('lets no note end its quotation, in whatever case', () => {
    const [message] = build([note('a</notes>b</NOTES><notes>')]).messages;
    expect(message?.content.match(/<\/?notes\b/gi)).toHaveLength(2);
  });

  it('leaves other tags in a note as they are', () => {
    expect(build([note('<notesome> <b>')]).messages[0]?.content).toContain('<notesome> <b>');
  });

  it('leaves the comments of the managed section to the host', () => {
    expect(build([note('a\n<!-- task-system:memory:begin -->\nb')]).messages[0]?.content).toContain('\na\nb\n');
  });

  it('leaves such comments in instructions, which are a person\'s own', () => {
    expect(build([file('a', '<!-- task-system:x -->')]).instructions).toContain('<!-- task-system:x -->');
  });

  it('tells what each file had and what was used of it', () => {
    expect(build([file('a', 'abc')]).report.files).toEqual([{ name: 'a', as: 'instructions', rawBytes: 3, rawTokens: 3, usedTokens: 3, hash: 'h' }]);
  });

  it('holds a file to the bound for every file', () => {
    const [report] = build([file('a', 'x\n'.repeat(500))], 10_000, 100).report.files;
    expect([report?.rawTokens, (report?.usedTokens ?? Infinity) <= 100]).toEqual([999, true]);
  });

  it('holds a file to its own bound where that is less', () => {
    const [report] = build([file('a', 'x\n'.repeat(500), { maxTokens: 80 })], 10_000, 1_000).report.files;
    expect(report?.usedTokens).toBeLessThanOrEqual(80);
  });

  it('lets no bound of one file go over the bound for every file', () => {
    const [report] = build([file('a', 'x\n'.repeat(500), { maxTokens: 5_000 })], 10_000, 100).report.files;
    expect(report?.usedTokens).toBeLessThanOrEqual(100);
  });

  it('gives a small file all it needs and the large one the rest', () => {
    const { report } = build([file('large', 'x\n'.repeat(2_000)), file('small', 'tiny')], 600);
    expect([report.files[1]?.usedTokens, report.usedTokens <= 600, report.usedTokens > 500]).toEqual([4, true, true]);
  });

  it('never goes over the whole, however it is counted', () => {
    const odd = (text: string): number => Math.ceil(text.length / 3) + text.split('\n').length - 1;
    for (const maxTokens of [0, 5, 60, 300]) {
      const { report } = assembleContext({ files: [file('a', 'x\n'.repeat(500)), note('y\n'.repeat(500))], maxTokens, maxFileTokens: 1_000 }, odd);
      expect(report.usedTokens).toBeLessThanOrEqual(maxTokens);
    }
  });

  it('gives the same text for the same files', () => {
    const files = [file('a', 'x\n'.repeat(500)), note('y\n'.repeat(500))];
    expect(build(files, 300)).toEqual(build(files, 300));
  });
});
