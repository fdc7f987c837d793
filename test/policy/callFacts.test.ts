import { describe, expect, it } from 'vitest';
import { factsOf } from '../../src/lib/task-system/policy/callFacts.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';

describe('factsOf', () => {
  it.each<JsonValue>([null, 7, 'text', [], {}])('sees nothing in %j', (input) => {
    expect(factsOf(input)).toEqual({ paths: [], hosts: [], commands: [], isScript: false, input });
  });

  it.each([['a/b', ['a', 'b']], ['./a', ['a']], ['a//b/', ['a', 'b']], ['a/../b', ['b']], ['', []], ['.', []], ['...', ['...']]])('takes the path %j apart', (path, names) => {
    expect(factsOf({ path }).paths).toEqual([{ inProject: false, names }]);
  });

  it('sees path, cwd and each of paths', () => {
    expect(factsOf({ path: 'a', cwd: 'b', paths: ['c', 'd'] }).paths.map(({ names }) => names)).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('tells paths of the project from those of the workspace', () => {
    expect(factsOf({ path: 'project:src/a.ts' }).paths).toEqual([{ inProject: true, names: ['src', 'a.ts'] }]);
  });

  it.each(['/etc/passwd', '~/x', '\\\\server\\x', 'C:/x', 'c:x', 'project:/etc'])('refuses %j: it is not relative', (path) => {
    expect(factsOf({ path })).toMatchObject({ paths: [], refusal: expect.stringContaining('not relative') });
  });

  it.each(['..', 'a/../..', '../a', 'project:..'])('refuses %j: it leads out', (path) => {
    expect(factsOf({ path }).refusal).toContain('leads out');
  });

  it.each<JsonValue>([7, null, ['a'], 'a\0b', {}])('refuses the path %j: it is no text', (path) => {
    expect(factsOf({ path }).refusal).toBe('a path is not a text');
  });

  it('refuses a backslash', () => {
    expect(factsOf({ path: 'a\\..\\b' }).refusal).toContain('backslash');
  });

  it('refuses a call for one bad path among good ones', () => {
    expect(factsOf({ paths: ['a', '../b', 'c'] })).toMatchObject({ paths: [{ names: ['a'] }, { names: ['c'] }], refusal: expect.stringContaining('"../b"') });
  });

  it('sees the host of a url, with its port', () => {
    expect(factsOf({ url: 'https://Example.org/a?b' }).hosts).toMatchObject([{ host: 'example.org' }]);
  });

  it.each<JsonValue>(['ftp://example.org', 'example.org', 7, 'https://user:password@example.org/'])('refuses the url %j', (url) => {
    expect(factsOf({ url })).toMatchObject({ hosts: [], refusal: expect.stringContaining('url') });
  });

  it('sees a command as its words', () => {
    expect(factsOf({ command: ['git', 'log'] })).toMatchObject({ commands: [['git', 'log']], isScript: false });
  });

  it.each<JsonValue>(['git log', [], ['git', 7], 7])('takes the command %j for a script: its words cannot be seen', (command) => {
    expect(factsOf({ command })).toMatchObject({ commands: [], isScript: true });
  });

  it('knows a script', () => {
    expect(factsOf({ script: 'rm -rf x' }).isScript).toBe(true);
  });
});
