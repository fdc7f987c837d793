import { describe, expect, it } from 'vitest';
import { valuesOfText } from '../../../src/lib/task-system/context/compaction/textValues.ts';

function pairs(text: string): readonly string[] {
  return valuesOfText(text).map(({ key, value }) => `${key}=${value}`);
}

describe('valuesOfText', () => {
  it.each([
    ['a URL', 'see https://example.org/a?b=1 for more', '=https://example.org/a?b=1'],
    ['an address of mail', 'ask ann.lee@example.org now', '=ann.lee@example.org'],
    ['a path', 'wrote /srv/app/main.ts today', '=/srv/app/main.ts'],
    ['a path of Windows', String.raw`in C\Users\ann\x.txt there`, String.raw`=C\Users\ann\x.txt`],
    ['the name of a file', 'open report.pdf first', '=report.pdf'],
    ['what is quoted', 'the branch "wild bees" of it', '=wild bees'],
    ['what stands in backticks', 'run `npm ci` first', '=npm ci'],
    ['a code', 'ticket OPS-77 is open', '=OPS-77'],
    ['a commit', 'fixed by 9f2e307 there', '=9f2e307'],
    ['words joined by a line', 'set max_tokens to more', '=max_tokens'],
    ['capitals', 'from JFK today', '=JFK'],
    ['names', 'it was Ann Lee who', '=Ann Lee'],
    ['a value of YAML', '  status: open', 'status=open'],
    ['a value of a Markdown list', '- **Order number:** W-123', 'Order number=W-123'],
    ['several words behind a name', 'Customer: Ann van Lee', 'Customer=Ann van Lee'],
    ['a value of an object of Python', "{'user_id': 'ann_7', 'n': 1}", 'user_id=ann_7'],
    ['an attribute', '<a id="main-2">', 'id=main-2'],
    ['an argument', 'open(mode="rb")', 'mode=rb'],
    ['a line by itself, as in a list of files', 'src\nMakefile\ndocs', '=Makefile'],
  ])('finds %s', (_what, text, expected) => {
    expect(pairs(text)).toContain(expected);
  });

  it('gives the name of a line to what stands in it', () => {
    expect(pairs('Flights: HAT-1 on Monday, HAT-2 on Tuesday, and HAT-3 after that')).toEqual(expect.arrayContaining(['Flights=HAT-1', 'Flights=HAT-2', 'Flights=HAT-3']));
  });

  it('does not take the first word of a sentence for a name', () => {
    expect(pairs('Please wait. Then go on.')).toEqual([]);
  });

  it('takes time that grows with the text, whatever it is made of', () => {
    for (const unit of ['a', '_', '/', 'a/', '"', 'A b ', 'x=', '1', '. ', '- a:']) {
      const time = (length: number): number => {
        const text = unit.repeat(length / unit.length);
        const start = process.cpuUsage();
        valuesOfText(text);
        return process.cpuUsage(start).user;
      };
      time(1_000);
      expect(time(80_000) / Math.max(time(8_000), 2_000)).toBeLessThan(60);
    }
  });
});
