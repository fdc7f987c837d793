import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { viewOf, type SandboxView } from '../../../src/lib/task-system/policy/sandbox/SandboxView.ts';
import { temporaryDirectory, writeFiles } from '../../support/files.ts';

/** An app with a handler in a folder of its own, packages above it, secrets beside it, and the library somewhere else. */
function layOut(): string {
  const base = realpathSync(temporaryDirectory());
  writeFiles(base, {
    'app/package.json': '{}', 'app/node_modules/some/index.js': '', 'app/src/tasks/handler.js': '', 'app/src/tasks/.env': '', 'app/src/tasks/.ssh/key': '', 'app/.env': '', 'app/private.txt': '',
    'library/dist/child.cjs': '', 'data/notes.txt': '', 'data/.env': '', 'root/tasks.db': '',
  });
  return base;
}

function view(base: string, rest: { readonly read?: readonly string[]; readonly root?: string } = {}): SandboxView {
  return viewOf({ entry: join(base, 'library/dist/child.cjs'), root: rest.root ?? join(base, 'root'), moduleUrl: pathToFileURL(join(base, 'app/src/tasks/handler.js')).href, read: rest.read ?? [] });
}

const isSeen = ({ readable }: SandboxView, path: string): boolean => readable.some((folder) => path === folder || path.startsWith(`${folder}/`));

describe('viewOf', () => {
  it.each(['app/src/tasks/handler.js', 'app/node_modules/some/index.js', 'app/package.json', 'library/dist/child.cjs'])('shows %s', (path) => {
    const base = layOut();
    expect(isSeen(view(base), join(base, path))).toBe(true);
  });

  it('shows the Node that runs', () => {
    expect(isSeen(view(layOut()), process.execPath)).toBe(true);
  });

  it.each(['app/private.txt', 'app/.env', 'data/notes.txt', 'root/tasks.db'])('does not show %s', (path) => {
    const base = layOut();
    expect(isSeen(view(base), join(base, path))).toBe(false);
  });

  it('hides the secrets beside the handler', () => {
    const base = layOut();
    expect(view(base)).toMatchObject({ hiddenFiles: [join(base, 'app/src/tasks/.env')], hiddenFolders: [join(base, 'app/src/tasks/.ssh')] });
  });

  it('shows what the type names, without its secrets', () => {
    const base = layOut();
    const seen = view(base, { read: [join(base, 'data')] });
    expect(isSeen(seen, join(base, 'data/notes.txt'))).toBe(true);
    expect(seen.hiddenFiles).toContain(join(base, 'data/.env'));
  });

  it('shows a secret that the type names in so many words', () => {
    const base = layOut();
    const seen = view(base, { read: [join(base, 'data'), join(base, 'data/.env')] });
    expect(seen.hiddenFiles).not.toContain(join(base, 'data/.env'));
  });

  it('hides the directory of the system where it lies in what is shown', () => {
    const base = layOut();
    const root = join(base, 'app/src/tasks/state');
    mkdirSync(root);
    expect(view(base, { root }).hiddenFolders).toContain(root);
  });

  it.each(['/usr/lib/state', '/usr/share/app/state', '/usr/local/lib/app'])('hides the directory of the system where it lies among those of the system: %s', (root) => {
    expect(view(layOut(), { root }).hiddenFolders).toEqual(expect.arrayContaining([root]));
  });

  it('does not mind a file that the type names and that is not there', () => {
    const base = layOut();
    expect(isSeen(view(base, { read: [join(base, 'gone')] }), join(base, 'gone'))).toBe(false);
  });

  it('shows where a link leads as well as the link', () => {
    const base = layOut();
    symlinkSync('data', join(base, 'link'));
    const seen = view(base, { read: [join(base, 'link')] });
    expect([isSeen(seen, join(base, 'link')), isSeen(seen, join(base, 'data'))]).toEqual([true, true]);
  });

  it('names no path within another', () => {
    const base = layOut();
    const { readable } = view(base, { read: [base, join(base, 'data'), join(base, 'app')] });
    expect(readable.filter((path) => readable.some((other) => other !== path && path.startsWith(`${other}/`)))).toEqual([]);
  });
});
