import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/files.ts';

const code = readFileSync(path.join(REPOSITORY, 'dist/client.js'));

describe('task-system/client', () => {
  it('takes less than 8 KB on the wire, as it is, without any minifier', () => {
    expect(brotliCompressSync(code).length).toBeLessThan(8_192);
  });

  it('imports nothing, so that a page can load the file itself', () => {
    expect(code.toString()).not.toMatch(/^\s*import\s|\bimport\(|\brequire\(/m);
  });
});
