import { describe, expect, it } from 'vitest';
import { readExamples, readSections } from './blocks.ts';

const FENCE = '```';

function page(...lines: readonly string[]): string {
  return lines.join('\n').replaceAll('~~~', FENCE);
}

describe('readSections', () => {
  it('groups blocks by heading and keeps their lines', () => {
    const sections = readSections(page('~~~ts', 'a', '~~~', '# One', '~~~text', 'b', 'c', '~~~', '## Two', 'none'));
    expect(sections.map((blocks) => blocks.map(({ line, language, code }) => ({ line, language, code })))).toEqual([
      [{ line: 1, language: 'ts', code: 'a\n' }], [{ line: 5, language: 'text', code: 'b\nc\n' }],
    ]);
  });

  it('does not take a comment in code for a heading', () => {
    expect(readSections(page('~~~ts', '# not a heading', '~~~', '~~~ts', 'b', '~~~'))).toHaveLength(1);
  });

  it('refuses a fence that is never closed', () => {
    expect(() => readSections(page('text', '~~~ts', 'a'))).toThrow('the fence in line 2 is never closed');
  });
});

describe('readExamples', () => {
  it('makes one program of a block, with the named files of its heading', () => {
    const examples = readExamples('p.md', page('# A', '~~~ts file=h.ts', 'h', '~~~', '~~~ts', 'main', '~~~', '# B', '~~~js', 'b', '~~~'));
    expect(examples).toEqual([
      { name: 'p.md:5', files: new Map([['h.ts', 'h\n'], ['program.ts', 'main\n']]), program: 'program.ts', serves: false, prints: [] },
      { name: 'p.md:9', files: new Map([['program.js', 'b\n']]), program: 'program.js', serves: false, prints: [] },
    ]);
  });

  it('runs named files when there is nothing else to run', () => {
    expect(readExamples('p.md', page('~~~ts file=h.ts', 'h', '~~~')).map(({ program }) => program)).toEqual(['h.ts']);
  });

  it('takes what is printed from the block that follows', () => {
    const examples = readExamples('p.md', page('~~~ts', 'a', '~~~', '~~~text output', '42', '~~~', '~~~ts', 'b', '~~~', '~~~text', 'prose', '~~~'));
    expect(examples.map(({ output }) => output)).toEqual(['42\n', undefined]);
  });

  it('takes what is printed from the comments behind console.log', () => {
    const examples = readExamples('p.md', page('~~~ts', 'console.log(a); // { a: 1 }', 'b(); // no', 'on(() => { console.log(c); });', 'console.log(d); // last', '~~~'));
    expect(examples[0]?.prints).toEqual(['{ a: 1 }', 'last']);
  });

  it('knows programs that serve', () => {
    expect(readExamples('p.md', page('~~~ts serves', 'a', '~~~'))[0]?.serves).toBe(true);
  });

  it('runs nothing of text', () => {
    expect(readExamples('p.md', page('~~~text', 'a', '~~~', '~~~mermaid', 'b', '~~~'))).toEqual([]);
  });

  it.each([['ts nocheck', 'nobody knows the mark "nocheck"'], ['typescript', 'not "typescript"'], ['', 'not ""']])('refuses a fence marked %j', (info, message) => {
    expect(() => readExamples('p.md', page(`~~~${info}`, 'a', '~~~'))).toThrow(message);
  });
});
