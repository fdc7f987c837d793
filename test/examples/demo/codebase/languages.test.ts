import { describe, expect, it } from 'vitest';
import { hasBinaryName, isBinaryContent, isGeneratedFile, isSkippedFolder } from '../../../../examples/demo/codebase/exclusions.ts';
import { languageOf, OTHER_LANGUAGE } from '../../../../examples/demo/codebase/languages.ts';

describe('languageOf', () => {
  it.each([
    ['a.ts', 'TypeScript'], ['a.test.tsx', 'TypeScript'], ['A.PY', 'Python'], ['Dockerfile', 'Dockerfile'], ['Makefile', 'Makefile'],
    ['CMakeLists.txt', 'CMake'], ['LICENSE', 'Text'], ['.env', 'INI'], ['x.h', 'C'],
  ])('knows that %s is %s', (name, language) => {
    expect(languageOf(name)).toBe(language);
  });

  it.each(['noending', 'a.unknown', 'constructor', 'a.constructor', 'a.__proto__', 'toString'])('calls %s other', (name) => {
    expect(languageOf(name)).toBe(OTHER_LANGUAGE);
  });
});

describe('exclusions', () => {
  it('skips version control, dependencies and build output, and nothing that looks alike', () => {
    expect(['.git', 'node_modules', 'dist', 'coverage', '.task-system'].every(isSkippedFolder)).toBe(true);
    expect(['src', '.github', 'distribution', 'builder'].some(isSkippedFolder)).toBe(false);
  });

  it('knows files that tools wrote', () => {
    expect(['package-lock.json', 'app.min.js', 'app.js.map'].every(isGeneratedFile)).toBe(true);
    expect(['package.json', 'min.js', 'map.ts'].some(isGeneratedFile)).toBe(false);
  });

  it('tells binary files by name and by content', () => {
    expect(hasBinaryName('logo.PNG')).toBe(true);
    expect(hasBinaryName('png')).toBe(true);
    expect(hasBinaryName('a.ts')).toBe(false);
    expect(isBinaryContent(Buffer.from('text\0more'))).toBe(true);
    expect(isBinaryContent(Buffer.from('text: ä'))).toBe(false);
    expect(isBinaryContent(Buffer.from(`${'a'.repeat(10_000)}\0`))).toBe(false);
  });
});
