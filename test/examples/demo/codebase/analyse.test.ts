import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countLines, findTodos, MAX_TODO_CHARACTERS } from '../../../../examples/demo/codebase/analyse.ts';

describe('countLines', () => {
  it.each([['', 0], ['\n', 1], ['a', 1], ['a\n', 1], ['a\nb', 2], ['a\r\nb\r\n', 2], ['\n\n', 2]])('counts %j as %i', (text, lines) => {
    expect(countLines(text)).toBe(lines);
  });

  it('adds up: a text of ended lines has as many lines as it was made of', () => {
    fc.assert(fc.property(fc.array(fc.string().map((line) => line.replaceAll('\n', ''))), (lines) => {
      expect(countLines(lines.map((line) => `${line}\n`).join(''))).toBe(lines.length);
    }));
  });
});

describe('findTodos', () => {
  it.each([
    ['// TODO: tidy up', 'TODO', 'tidy up'],
    ['const a = 1; // FIXME wrong sign', 'FIXME', 'wrong sign'],
    ['# TODO(anna): rename', 'TODO', 'rename'],
    ['/* TODO - later */', 'TODO', 'later'],
    [' * @TODO document', 'TODO', 'document'],
    ['<!-- TODO: picture -->', 'TODO', 'picture'],
    ['-- FIXME: slow query', 'FIXME', 'slow query'],
    ['- [ ] TODO write this chapter', 'TODO', 'write this chapter'],
    ['TODO', 'TODO', ''],
  ])('finds the note in %j', (text, kind, note) => {
    expect(findTodos(text)).toEqual([{ kind, line: 1, text: note }]);
  });

  it.each(['const TODO = 1;', 'log("see TODO: no")', '// TODOS are kept elsewhere', '// a todo', 'TODO_LIST', 'const list = TODOS;'])(
    'leaves %j alone', (text) => {
      expect(findTodos(text)).toEqual([]);
    });

  it('tells the line, counted from 1', () => {
    expect(findTodos('a\nb\n// TODO: here\n// FIXME: and here').map((todo) => todo.line)).toEqual([3, 4]);
  });

  it('cuts long notes and skips lines that no person wrote', () => {
    expect(findTodos(`// TODO: ${'x'.repeat(500)}`)[0]?.text).toHaveLength(MAX_TODO_CHARACTERS);
    expect(findTodos(`${' '.repeat(3_000)}// TODO: minified`)).toEqual([]);
  });
});
