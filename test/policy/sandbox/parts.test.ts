import { describe, expect, it } from 'vitest';
import { readOrder } from '../../../src/lib/task-system/policy/sandbox/CanaryOrder.ts';
import { canaryFactsSchema } from '../../../src/lib/task-system/policy/sandbox/canaryFacts.ts';
import type { Machine } from '../../../src/lib/task-system/policy/sandbox/Machine.ts';
import { lookAround } from '../../../src/lib/task-system/policy/sandbox/Machine.ts';
import { FIRST_OWNER, Owners } from '../../../src/lib/task-system/policy/sandbox/owners.ts';
import { permissionFlags } from '../../../src/lib/task-system/policy/sandbox/permissionModel.ts';
import { explainFact, explainFailure, missingParts } from '../../../src/lib/task-system/policy/sandbox/problems.ts';

function machine(parts: Partial<Machine> = {}): Machine {
  return { ...lookAround(), platform: 'linux', arch: 'x64', isRoot: false, bubblewrap: '/usr/bin/bwrap', setpriv: '/usr/bin/setpriv', ...parts };
}

describe('Owners', () => {
  it('gives each process a user of its own, five hundred in turn', () => {
    const owners = new Owners();
    const taken = Array.from({ length: 501 }, () => owners.take());
    expect([taken[0], new Set(taken.slice(0, 500)).size, taken[500]]).toEqual([FIRST_OWNER, 500, FIRST_OWNER]);
  });
});

describe('permissionFlags', () => {
  const flags = permissionFlags({ readable: ['/srv/app/handlers'], hiddenFiles: [], hiddenFolders: [] }, '/work/slot');

  it('switch the model on, and the database of Node off, which does not ask it', () => {
    expect(flags.slice(0, 2)).toEqual(['--permission', '--no-experimental-sqlite']);
  });

  it('allow to write the workspace and nothing else', () => {
    expect(flags.filter((flag) => flag.startsWith('--allow-fs-write='))).toEqual(['--allow-fs-write=/work/slot', '--allow-fs-write=/work/slot/*']);
  });

  it('allow to read what the view shows, and to ask for the manifests above', () => {
    expect(flags.filter((flag) => flag.startsWith('--allow-fs-read='))).toEqual([
      '/srv/app/handlers', '/srv/app/package.json', '/srv/package.json', '/package.json', '/work/slot', '/work/slot/*',
    ].map((path) => `--allow-fs-read=${path}`));
  });

  it('allow no programs, threads, native code or WASI', () => {
    expect(flags.filter((flag) => /child-process|worker|addons|wasi/.test(flag))).toEqual([]);
  });
});

describe('missingParts', () => {
  it('finds nothing missing where all is there', () => {
    expect(missingParts(machine())).toEqual([]);
  });

  it('says which platform it is where that cannot be mended', () => {
    expect(missingParts(machine({ platform: 'darwin' }))).toMatchObject([{ what: expect.stringContaining('darwin') }]);
  });

  it('says how to install bubblewrap', () => {
    expect(missingParts(machine({ bubblewrap: undefined }))).toMatchObject([{ what: expect.stringContaining('bwrap'), fix: expect.stringContaining('apt-get install bubblewrap') }]);
  });

  it('needs setpriv only where the host is root', () => {
    expect(missingParts(machine({ setpriv: undefined }))).toEqual([]);
    expect(missingParts(machine({ setpriv: undefined, isRoot: true }))).toMatchObject([{ fix: expect.stringContaining('util-linux') }]);
  });

  it('names everything that is missing', () => {
    expect(missingParts(machine({ bubblewrap: undefined, syscalls: undefined, arch: 'mips' }))).toHaveLength(2);
  });
});

describe('explainFailure', () => {
  it('says for whom a sandbox could not be built, what was said, and what to allow', () => {
    expect(explainFailure('kernel', 'Operation not permitted', machine())).toMatchObject({ what: expect.stringMatching(/a user without rights: Operation not permitted$/), fix: expect.stringContaining('--security-opt') });
  });

  it('says it of a plain process without talk of namespaces', () => {
    expect(explainFailure('process', 'ENOENT', machine()).fix).not.toContain('namespaces');
  });
});

describe('explainFact', () => {
  it.each(canaryFactsSchema.keyof().options)('has words for %s', (fact) => {
    expect(explainFact('kernel', fact).what).toMatch(/^A canary at the level "kernel" reports that (it|there) .+\.$/);
  });
});

describe('readOrder', () => {
  it('reads what the host wrote', () => {
    const order = { workspace: '/workspace', outside: '/etc/x', namespaces: { pid: 'pid:[1]' } };
    expect(readOrder(JSON.stringify(order))).toEqual(order);
  });

  it.each(['null', '[]', '{}', '"x"', '{"workspace":"/w"}'])('takes %s for no order', (json) => {
    expect(readOrder(json)).toBeUndefined();
  });
});
