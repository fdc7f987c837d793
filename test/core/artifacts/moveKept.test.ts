import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AttemptMarks, type Mark } from '../../../src/lib/task-system/core/artifacts/AttemptMarks.ts';
import { holdFolder, identify } from '../../../src/lib/task-system/core/artifacts/KeptFile.ts';
import { moveKept } from '../../../src/lib/task-system/core/artifacts/moveKept.ts';
import { killAndWait } from '../programs.ts';
import { temporaryDirectory } from '../support.ts';

interface Kept { readonly workspace: string; readonly target: string; readonly file: string; readonly mark: Mark }

/** A workspace with a file that was marked. */
async function keep(path = 'report/result.csv'): Promise<Kept> {
  const [workspace, target] = [temporaryDirectory(), join(temporaryDirectory(), 'artifacts')];
  const file = join(workspace, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, 'a,b\n1,2\n');
  const mark = await new AttemptMarks({ artifacts: 64, artifactsMb: 1 }).add(workspace, path);
  return { workspace, target, file, mark };
}

/** Marks `a/file` as it is at this moment, without waiting until a change would show. */
async function markAtOnce(workspace: string): Promise<Mark> {
  const [path, names] = ['a/file', ['a', 'file']];
  const folder = await holdFolder(workspace, path, names);
  try {
    return { path, names, identity: await identify(folder.at('file'), path) };
  } finally {
    await folder.close();
  }
}

describe('moveKept', () => {
  it('moves the file to the same path below the target', async () => {
    const { workspace, target, file, mark } = await keep();
    await moveKept(workspace, mark, target);
    expect(readFileSync(join(target, 'report/result.csv'), 'utf8')).toBe('a,b\n1,2\n');
    expect(existsSync(file)).toBe(false);
  });

  it('leaves a file that only the host may read and nobody execute', async () => {
    const { workspace, target, file } = await keep('tool');
    chmodSync(file, 0o4777);
    const mark = await new AttemptMarks({ artifacts: 64, artifactsMb: 1 }).add(workspace, 'tool');
    await moveKept(workspace, mark, target);
    const { mode, uid } = statSync(join(target, 'tool'));
    expect([(mode & 0o7777).toString(8), uid]).toEqual(['600', process.getuid?.()]);
  });

  it.each<[what: string, change: (kept: Kept) => void]>([
    ['was written to', ({ file }) => { appendFileSync(file, 'late'); }],
    ['was cut', ({ file }) => { truncateSync(file, 1); }],
    ['was written with the same size, and the time set back', ({ file }) => {
      const { atime, mtime } = statSync(file);
      writeFileSync(file, 'x,y\n1,2\n');
      utimesSync(file, atime, mtime);
    }],
    ['was replaced by another file', ({ file }) => { rmSync(file); writeFileSync(file, 'a,b\n1,2\n'); }],
    ['was replaced by rename', ({ file }) => { writeFileSync(`${file}2`, 'a,b\n1,2\n'); renameSync(`${file}2`, file); }],
    ['got other rights', ({ file }) => { chmodSync(file, 0o777); }],
  ])('refuses a file that %s after it was kept', async (_what, change) => {
    const kept = await keep();
    change(kept);
    await expect(moveKept(kept.workspace, kept.mark, kept.target)).rejects.toMatchObject({ code: 'ARTIFACT_CHANGED', message: expect.stringContaining('report/result.csv') });
    expect(existsSync(join(kept.target, 'report/result.csv'))).toBe(false);
  });

  it.each<[what: string, change: (kept: Kept) => void]>([
    ['became a link', ({ file }) => { rmSync(file); symlinkSync('/etc/passwd', file); }],
    ['became a link to itself elsewhere', ({ file }) => { renameSync(file, `${file}2`); symlinkSync(`${file}2`, file); }],
    ['became a folder', ({ file }) => { rmSync(file); mkdirSync(file); }],
    ['got a second name', ({ file }) => { linkSync(file, `${file}2`); }],
    ['went away', ({ file }) => { rmSync(file); }],
    ['lies in a folder that became a link', ({ workspace }) => { renameSync(join(workspace, 'report'), join(workspace, 'x')); symlinkSync('x', join(workspace, 'report')); }],
  ])('refuses a file that %s', async (_what, change) => {
    const kept = await keep();
    change(kept);
    await expect(moveKept(kept.workspace, kept.mark, kept.target)).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
    expect(existsSync(join(kept.target, 'report/result.csv'))).toBe(false);
  });

  it('never takes what is not in the workspace, however fast another process swaps folders and links', async () => {
    const [workspace, outside, targets] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
    mkdirSync(join(workspace, 'a'));
    writeFileSync(join(outside, 'file'), 'of the host');
    // a: a folder of the workspace, then a link to one outside, and so on; the file in it comes back as often as it is taken.
    const code = `
      const fs = require('node:fs'); const [workspace, outside] = process.argv.slice(1); process.chdir(workspace);
      process.stdout.write('.');
      for (;;) { try { fs.writeFileSync('a/file', 'mine'); fs.renameSync('a', 'b'); fs.symlinkSync(outside, 'a'); fs.unlinkSync('a'); fs.renameSync('b', 'a'); } catch {} }`;
    const swapper = spawn(process.execPath, ['-e', code, workspace, outside], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => killAndWait(swapper));
    await once(swapper.stdout, 'data');
    for (let round = 0; round < 1_500; round++) {
      const target = join(targets, String(round));
      await markAtOnce(workspace).then((mark) => moveKept(workspace, mark, target)).catch(() => undefined);
    }
    const found = readdirSync(targets).filter((name) => existsSync(join(targets, name, 'a/file'))).map((name) => readFileSync(join(targets, name, 'a/file'), 'utf8'));
    expect(found.filter((content) => content !== 'mine' && content !== '')).toEqual([]);
    expect(existsSync(join(outside, 'file'))).toBe(true);
  });
});
