import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findSecrets } from '../../../src/lib/task-system/policy/sandbox/secrets.ts';
import { temporaryDirectory, writeFiles } from '../../support/files.ts';

/** What is found in a folder with the given files, by relative paths. */
function foundIn(names: readonly string[]): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  const folder = temporaryDirectory();
  writeFiles(folder, Object.fromEntries(names.map((name) => [name, ''])));
  const { files, folders } = findSecrets(folder);
  return { files: files.map((path) => relative(folder, path)).sort(), folders: folders.map((path) => relative(folder, path)).sort() };
}

describe('findSecrets', () => {
  it.each([
    '.env', '.env.local', '.env.production', '.ENV', '.envrc', '.npmrc', '.yarnrc.yml', '.netrc', '.pgpass', '.htpasswd', '.git-credentials', 'id_rsa', 'id_ed25519', 'server.pem', 'server.KEY', 'store.p12', 'store.pfx',
  ])('finds %s', (name) => {
    expect(foundIn([name, 'other.txt']).files).toEqual([name]);
  });

  it.each(['.env.example', '.env.sample', '.env.template', '.env.dist', 'env', 'environment.ts', 'key', 'monkey', 'id_rsa.pub', 'notes.md', '.gitignore'])('leaves %s alone', (name) => {
    expect(foundIn([name]).files).toEqual([]);
  });

  it.each(['.ssh', '.aws', '.azure', '.gnupg', '.kube', '.docker', '.config'])('finds the folder %s as a whole', (name) => {
    expect(foundIn([`${name}/inner`, `${name}/.env`])).toEqual({ files: [], folders: [name] });
  });

  it('finds the settings of Git, which may hold passwords, and nothing else of it', () => {
    expect(foundIn(['.git/config', '.git/HEAD', '.git/hooks/pre-commit']).files).toEqual(['.git/config']);
  });

  it('looks three folders deep', () => {
    expect(foundIn(['a/.env', 'a/b/.env', 'a/b/c/.env']).files).toEqual(['a/.env', 'a/b/.env']);
  });

  it('does not look into packages', () => {
    expect(foundIn(['node_modules/some/.npmrc', '.npmrc']).files).toEqual(['.npmrc']);
  });

  it('does not follow links', () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'inner'));
    symlinkSync('..', join(folder, 'inner/up'));
    symlinkSync('/etc/passwd', join(folder, '.env'));
    expect(findSecrets(folder)).toEqual({ files: [], folders: [] });
  });

  it('finds sockets, whatever their names: they are doors to other programs', async () => {
    const path = join(temporaryDirectory(), 'server.sock');
    const server = createServer().listen(path);
    onTestFinished(() => { server.close(); });
    await once(server, 'listening');
    expect(findSecrets(join(path, '..')).files).toEqual([path]);
  });

  it('takes a folder with a secret name of a file for no secret', () => {
    expect(foundIn(['.env/readme']).files).toEqual([]);
  });

  it('finds nothing in a folder that is not there, or none', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect([findSecrets('/nowhere'), findSecrets(file)]).toEqual([{ files: [], folders: [] }, { files: [], folders: [] }]);
  });
});
