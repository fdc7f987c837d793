import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { REPOSITORY } from '../support/files.ts';

const text = readFileSync(path.join(REPOSITORY, 'package-lock.json'), 'utf8');
const lockfile = z.looseObject({ packages: z.record(z.string(), z.looseObject({ integrity: z.string().optional(), optionalDependencies: z.record(z.string(), z.string()).optional() })) }).parse(JSON.parse(text));
const manifest = z.looseObject({ dependencies: z.record(z.string(), z.string()), devDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')));

describe('package-lock.json', () => {
  it('names no registry, so that any can serve it', () => {
    expect(text).not.toContain('"resolved"');
    expect(text).not.toMatch(/registry|npmjs/);
  });

  it('pins every package by its content', () => {
    const loose = Object.entries(lockfile.packages).filter(([name, { integrity }]) => name !== '' && integrity === undefined).map(([name]) => name);
    expect(loose).toEqual([]);
  });

  it('has the packages of every platform, without which `npm ci` refuses it', () => {
    const wanted = new Set(Object.values(lockfile.packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies)));
    const held = new Set(Object.keys(lockfile.packages).map((name) => name.slice(name.lastIndexOf('node_modules/') + 'node_modules/'.length)));
    expect([...wanted].filter((name) => !held.has(name))).toEqual([]);
  });
});

describe('package.json', () => {
  it('names exact versions', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
