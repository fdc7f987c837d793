import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTaskPath } from '../../src/lib/task-system/types/taskPath.ts';

describe('readTaskPath', () => {
  it.each([['a/b.txt', ['a', 'b.txt']], ['./a//b/', ['a', 'b']], ['a/../b', ['b']], ['.', []], ['a/..', []], [' a ', [' a ']], ['...', ['...']], ['%2e%2e/x', ['%2e%2e', 'x']]])('takes %j apart', (path, names) => {
    expect(readTaskPath(path)).toEqual({ inProject: false, names });
  });

  it('sees what lies in the project', () => {
    expect(readTaskPath('project:docs/../a.md')).toEqual({ inProject: true, names: ['a.md'] });
    expect(readTaskPath('project:')).toEqual({ inProject: true, names: [] });
  });

  it.each(['..', '../a', 'a/../../b', 'project:..', 'project:a/../../b'])('refuses %j, which leads out', (path) => {
    expect(readTaskPath(path)).toContain('leads out');
  });

  it.each(['/etc', '\\\\server', '~/x', 'C:/x', 'c:x', 'project:/etc', 'project:~'])('refuses %j, which begins elsewhere', (path) => {
    expect(readTaskPath(path)).toContain('is not relative');
  });

  it('refuses a backslash, which is a slash to some', () => {
    expect(readTaskPath('a\\..\\b')).toContain('backslash');
  });

  it.each([[7], [null], [undefined], [['a']], [{}], ['a\0b']])('refuses %j, which is no path', (value) => {
    expect(readTaskPath(value)).toBe('a path is not a text');
  });

  it('never gives a name that leads anywhere', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', '..', '.', '', 'b c', '...', 'project:')), (parts) => {
      const path = readTaskPath(parts.join('/'));
      if (typeof path !== 'string') for (const name of path.names) expect(name === '' || name === '.' || name === '..' || name.includes('/')).toBe(false);
    }));
  });
});
