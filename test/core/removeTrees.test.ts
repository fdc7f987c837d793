import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Removals } from '../../src/lib/task-system/core/Removals.ts';
import { removeTrees } from '../../src/lib/task-system/core/removeTrees.ts';
import { makeDeep } from '../support/makeDeep.ts';
import { makeLogger } from './makers.ts';
import { temporaryDirectory } from './support.ts';
import { until } from './until.ts';

const MODULE = new URL('../../src/lib/task-system/core/removeTrees.ts', import.meta.url).href;

/** A directory inside a temporary one. */
function tree(): string {
  const path = join(temporaryDirectory(), 'tree');
  mkdirSync(path);
  return path;
}

describe('removeTrees', () => {
  it('removes a chain of 1,000 directories with names of 255 bytes', async () => {
    const path = tree();
    makeDeep(path, 1_000);
    await removeTrees([path]);
    expect(existsSync(path)).toBe(false);
  });

  it('removes links and leaves what they point to', async () => {
    const path = tree();
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'kept'), 'x');
    symlinkSync(outside, join(path, 'directory'));
    symlinkSync(join(outside, 'kept'), join(path, 'file'));
    await removeTrees([path]);
    expect([existsSync(path), readFileSync(join(outside, 'kept'), 'utf8')]).toEqual([false, 'x']);
  });

  it('removes the link when the path itself is one', async () => {
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'kept'), 'x');
    const link = join(temporaryDirectory(), 'link');
    symlinkSync(outside, link);
    await removeTrees([link]);
    expect([existsSync(link), existsSync(join(outside, 'kept'))]).toEqual([false, true]);
  });

  it('removes what its owner locked with mode 000, also without the rights of root', () => {
    const path = tree();
    mkdirSync(join(path, 'locked', 'inner'), { recursive: true });
    writeFileSync(join(path, 'locked', 'inner', 'file'), 'x');
    const asRoot = process.getuid?.() === 0;
    if (asRoot) {
      execFileSync('chown', ['-R', '65534:65534', path]);
      execFileSync('chmod', ['0777', join(path, '..')]);
    }
    chmodSync(join(path, 'locked', 'inner'), 0);
    chmodSync(join(path, 'locked'), 0);
    const script = 'rm -rf -- "$1" 2>/dev/null';
    const other = asRoot ? { uid: 65_534, gid: 65_534 } : {};
    expect(spawnSync('/bin/sh', ['-c', script, 'sh', path], other).status).not.toBe(0);
    const program = `import('${MODULE}').then(({ removeTrees }) => { ${asRoot ? 'process.setgid(65534); process.setuid(65534);' : ''} return removeTrees([${JSON.stringify(path)}]); })`;
    expect(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' })).toMatchObject({ status: 0 });
    expect(existsSync(path)).toBe(false);
  });

  it('takes names that look like options, and what is not there', async () => {
    const path = tree();
    writeFileSync(join(path, '-rf'), 'x');
    mkdirSync(join(path, '--no-preserve-root'));
    execFileSync('mkfifo', [join(path, 'pipe')]);
    await removeTrees([path, '/nonexistent/of/course']);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves the event loop to others meanwhile', async () => {
    const path = tree();
    makeDeep(path, 1_000);
    let turns = 0;
    const ticking = setInterval(() => { turns++; }, 1);
    await removeTrees([path]).finally(() => { clearInterval(ticking); });
    expect(turns).toBeGreaterThan(0);
    expect(existsSync(path)).toBe(false);
  });

  it('gives up when its time is over', async () => {
    // While this process is held up, a removal may come to its end in spite of its time: then a larger one is tried.
    for (let count = 1; ; count *= 2) {
      const paths = Array.from({ length: count }, tree);
      for (const path of paths) makeDeep(path, 1_000);
      const error: unknown = await removeTrees(paths, 1).then(() => undefined, (reason: unknown) => reason);
      // What was under way may still be, and be in the way of this.
      await until(() => removeTrees(paths).then(() => true, () => false));
      if (error === undefined) continue;
      expect(error).toMatchObject({ killed: true });
      return;
    }
  });
});

describe('Removals', () => {
  it('removes many directories that come at once', async () => {
    const root = temporaryDirectory();
    const removals = new Removals(makeLogger());
    const paths = Array.from({ length: 150 }, (_, index) => join(root, String(index)));
    for (const path of paths) {
      mkdirSync(path);
      writeFileSync(join(path, 'file'), 'x');
    }
    await Promise.all(paths.map((path) => removals.remove(path)));
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
  });

  it('is settled when nothing is left to do', async () => {
    const root = temporaryDirectory();
    const removals = new Removals(makeLogger());
    mkdirSync(join(root, 'a'));
    void removals.remove(join(root, 'a'));
    await removals.remove(join(root, 'missing'));
    await removals.settle();
    expect(existsSync(join(root, 'missing'))).toBe(false);
  });
});
