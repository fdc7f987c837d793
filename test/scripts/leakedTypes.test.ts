import { describe, expect, it } from 'vitest';
import { findLeakedTypes } from '../../scripts/leakedTypes.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';

function leaksIn(files: Readonly<Record<string, string>>): readonly string[] {
  const directory = temporaryDirectory();
  writeFiles(directory, { 'package.json': '{ "type": "module" }', ...files });
  return findLeakedTypes(`${directory}/index.d.ts`);
}

describe('findLeakedTypes', () => {
  it('finds none when everything that is mentioned is exported', () => {
    expect(leaksIn({ 'index.d.ts': 'export interface A { readonly b: B }\nexport type B = Map<string, A>;\nexport declare function f<T>(a: A): Promise<T>;' })).toEqual([]);
  });

  it('finds a type of the same file', () => {
    expect(leaksIn({ 'index.d.ts': 'interface Hidden { a: 1 }\ndeclare function f(): Hidden;\nexport { f };' })).toEqual(['Hidden']);
  });

  it('finds a type of another file, and the base of an interface', () => {
    const files = { 'other.d.ts': 'export interface Base { a: 1 }\nexport type Value = 2;', 'index.d.ts': "import type { Base, Value } from './other.js';\nexport interface A extends Base { v: Value }" };
    expect(leaksIn(files)).toEqual(['Base', 'Value']);
  });

  it('takes a type that is exported under another name for exported', () => {
    const files = { 'other.d.ts': 'export interface T { a: 1 }', 'index.d.ts': "import type { T } from './other.js';\nexport type { T as Task } from './other.js';\nexport declare const t: T;" };
    expect(leaksIn(files)).toEqual([]);
  });

  it('looks also at a package that is installed, and not at those beside it', () => {
    const directory = temporaryDirectory();
    writeFiles(directory, {
      'node_modules/other/index.d.ts': 'export interface Theirs { a: 1 }',
      'node_modules/ours/dist/part.d.ts': 'export interface Hidden { a: 1 }',
      'node_modules/ours/dist/index.d.ts': "import type { Theirs } from 'other';\nimport type { Hidden } from './part.js';\nexport declare function f(theirs: Theirs): Hidden;",
    });
    expect(findLeakedTypes(`${directory}/node_modules/ours/dist/index.d.ts`)).toEqual(['Hidden']);
  });

  it('refuses a file that is no module', () => {
    expect(() => leaksIn({ 'index.d.ts': 'declare const a: 1;' })).toThrow('is no module');
  });
});
