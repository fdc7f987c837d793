import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyLinks, isReadable, makeFolder, placeOf } from '../../../src/lib/task-system/policy/sandbox/folders.ts';

let directory = '';
let source = '';
let place = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'folders-'));
  source = join(directory, 'source');
  place = join(directory, 'place');
  mkdirSync(source);
});
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

describe('makeFolder', () => {
  it('makes those on the way as well, open to others, whatever the umask is', () => {
    const before = process.umask(0o077);
    try {
      makeFolder(join(place, 'a/b'));
    } finally {
      process.umask(before);
    }
    for (const name of ['', 'a', 'a/b']) expect(statSync(join(place, name)).mode & 0o777).toBe(0o755);
  });

  it('leaves one that is there as it is', () => {
    chmodSync(source, 0o700);
    makeFolder(source);
    expect(statSync(source).mode & 0o777).toBe(0o700);
  });
});

describe('placeOf', () => {
  it('is within the root, with the folders on the way and without its end', () => {
    expect(placeOf('/srv/app/tasks', place)).toBe(join(place, 'srv/app/tasks'));
    expect(readdirSync(join(place, 'srv/app'))).toEqual([]);
  });
});

describe('copyLinks', () => {
  it('makes an empty folder of an empty one, and that is all', () => {
    expect(copyLinks(source, place)).toBe(true);
    expect(readdirSync(place)).toEqual([]);
  });

  it('makes the links of a folder that holds nothing else, as they are written', () => {
    symlinkSync('../lib/ld.so', join(source, 'relative'));
    symlinkSync('/nowhere/at/all', join(source, 'dangling'));
    expect(copyLinks(source, place)).toBe(true);
    expect([readlinkSync(join(place, 'relative')), readlinkSync(join(place, 'dangling'))]).toEqual(['../lib/ld.so', '/nowhere/at/all']);
  });

  it.each(['file', 'folder'])('makes only a place of a folder that also holds a %s', (other) => {
    symlinkSync('target', join(source, 'link'));
    if (other === 'file') writeFileSync(join(source, other), '');
    else mkdirSync(join(source, other));
    expect(copyLinks(source, place)).toBe(false);
    expect(readdirSync(place)).toEqual([]);
  });

  it('makes only a place of a folder with very many links', () => {
    for (let count = 0; count <= 1_000; count++) symlinkSync('target', join(source, String(count)));
    expect(copyLinks(source, place)).toBe(false);
    expect(readdirSync(place)).toEqual([]);
  });

  it('makes a link of a link to a folder, and looks no further', () => {
    symlinkSync('source', join(directory, 'link'));
    expect(copyLinks(join(directory, 'link'), place)).toBe(true);
    expect(readlinkSync(place)).toBe('source');
  });
});

describe('isReadable', () => {
  it('is what the host may read', () => {
    expect([isReadable(source), isReadable(join(directory, 'nowhere'))]).toEqual([true, false]);
    expect(existsSync(place)).toBe(false);
  });
});
