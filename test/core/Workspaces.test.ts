import { existsSync, lstatSync, lutimesSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Workspaces } from '../../src/lib/task-system/core/Workspaces.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';
import { makeLogger } from './makers.ts';

const HOUR = 3_600_000;
const NOW = 1_760_000_000_000;

interface Place {
  readonly root: string;
  readonly workspaces: Workspaces;
  readonly logger: ReturnType<typeof makeLogger>;
  readonly inWorkspaces: (...names: readonly string[]) => string;
}

function place(root = temporaryDirectory()): Place {
  const logger = makeLogger();
  return { root, logger, workspaces: new Workspaces(root, new FakeClock(NOW), logger), inWorkspaces: (...names) => path.join(root, 'workspaces', ...names) };
}

async function openPlace(): Promise<Place> {
  const opened = place();
  await opened.workspaces.open();
  return opened;
}

/** Makes something look as if it was last changed so long ago. */
function age(file: string, ageMs: number): void {
  utimesSync(file, (NOW - ageMs) / 1_000, (NOW - ageMs) / 1_000);
}

describe('Workspaces.open', () => {
  it('makes its folders', async () => {
    const { root } = await openPlace();
    expect(readdirSync(root).toSorted()).toEqual(['logs', 'workspaces']);
  });

  it('takes folders that are there already, with what is in them', async () => {
    const { root, inWorkspaces } = await openPlace();
    writeFiles(inWorkspaces('task-1.1'), { 'notes.md': 'bees' });
    await place(root).workspaces.open();
    expect(readFileSync(inWorkspaces('task-1.1', 'notes.md'), 'utf8')).toBe('bees');
  });

  it('clears away the slots of an earlier host, full or empty', async () => {
    const { root, workspaces, inWorkspaces } = await openPlace();
    workspaces.createSlot('p1');
    writeFiles(workspaces.createSlot('p2'), { 'left/behind.txt': 'x' });
    await place(root).workspaces.open();
    expect(readdirSync(inWorkspaces())).toEqual([]);
  });

  it('rejects where it may not write', async () => {
    const { root } = place();
    writeFileSync(path.join(root, 'workspaces'), 'a file');
    await expect(place(root).workspaces.open()).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});

describe('Workspaces.createSlot', () => {
  it('makes an empty directory for nobody else', async () => {
    const { workspaces } = await openPlace();
    const slot = workspaces.createSlot('p1');
    expect(readdirSync(slot)).toEqual([]);
    expect(statSync(slot).mode & 0o777).toBe(0o700);
  });

  it('throws when the slot is there already', async () => {
    const { workspaces } = await openPlace();
    workspaces.createSlot('p1');
    expect(() => workspaces.createSlot('p1')).toThrow('EEXIST');
  });
});

describe('Workspaces.assign', () => {
  it('turns the slot itself into the workspace', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    const slot = workspaces.createSlot('p1');
    const { ino } = statSync(slot);
    expect(workspaces.assign(slot, 'task-1.1')).toBe(inWorkspaces('task-1.1'));
    expect(statSync(inWorkspaces('task-1.1')).ino).toBe(ino);
    expect(existsSync(slot)).toBe(false);
  });

  it('throws when the slot is gone, and protects nothing then', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    expect(() => workspaces.assign(inWorkspaces('.slot-gone'), 'task-1.1')).toThrow('ENOENT');
    mkdirSync(inWorkspaces('task-1.1'));
    age(inWorkspaces('task-1.1'), 2 * HOUR);
    await workspaces.sweep(HOUR, HOUR);
    expect(readdirSync(inWorkspaces())).toEqual([]);
  });
});

describe('Workspaces.logPath', () => {
  it('lies outside the workspace', () => {
    const { root, workspaces } = place();
    expect(workspaces.logPath('task-1.1')).toBe(path.join(root, 'logs', 'task-1.1.log'));
  });
});

describe('Workspaces.dispose', () => {
  it('removes a workspace with everything in it', async () => {
    const { workspaces, inWorkspaces, logger } = await openPlace();
    const workspace = workspaces.assign(workspaces.createSlot('p1'), 'task-1.1');
    writeFiles(workspace, { 'a/b/c.txt': 'x', '.hidden': 'y' });
    workspaces.dispose(workspace, 'remove');
    await workspaces.settle();
    expect([readdirSync(inWorkspaces()), logger.lines]).toEqual([[], []]);
  });

  it('removes an empty one', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    workspaces.dispose(workspaces.assign(workspaces.createSlot('p1'), 'task-1.1'), 'remove');
    await workspaces.settle();
    expect(readdirSync(inWorkspaces())).toEqual([]);
  });

  it('keeps one that is to be looked at', async () => {
    const { workspaces } = await openPlace();
    const workspace = workspaces.assign(workspaces.createSlot('p1'), 'task-1.1');
    writeFiles(workspace, { 'why.txt': 'x' });
    workspaces.dispose(workspace, 'keep');
    await workspaces.settle();
    expect(readdirSync(workspace)).toEqual(['why.txt']);
  });

  it('is content when the directory is gone', async () => {
    const { workspaces, inWorkspaces, logger } = await openPlace();
    workspaces.dispose(inWorkspaces('gone'), 'remove');
    await workspaces.settle();
    expect(logger.lines).toEqual([]);
  });

  it('removes links themselves and never what they point to', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    const outside = temporaryDirectory();
    writeFiles(outside, { 'precious.txt': 'keep me', 'folder/deep.txt': 'me too' });
    const workspace = workspaces.assign(workspaces.createSlot('p1'), 'task-1.1');
    symlinkSync(outside, path.join(workspace, 'to-folder'));
    symlinkSync(path.join(outside, 'precious.txt'), path.join(workspace, 'to-file'));
    symlinkSync('/nowhere/at/all', path.join(workspace, 'to-nothing'));
    symlinkSync('..', path.join(workspace, 'to-all-workspaces'));
    mkdirSync(inWorkspaces('task-2.1'));
    workspaces.dispose(workspace, 'remove');
    await workspaces.settle();
    expect(readdirSync(inWorkspaces())).toEqual(['task-2.1']);
    expect(readFileSync(path.join(outside, 'precious.txt'), 'utf8')).toBe('keep me');
    expect(readFileSync(path.join(outside, 'folder/deep.txt'), 'utf8')).toBe('me too');
  });

  it('removes only the link when the workspace itself was replaced by one', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    const outside = temporaryDirectory();
    writeFiles(outside, { 'precious.txt': 'keep me' });
    symlinkSync(outside, inWorkspaces('task-1.1'));
    workspaces.dispose(inWorkspaces('task-1.1'), 'remove');
    await workspaces.settle();
    expect([readdirSync(inWorkspaces()), readdirSync(outside)]).toEqual([[], ['precious.txt']]);
  });
});

describe('Workspaces.settle', () => {
  it('waits for all removals that are under way', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    for (let index = 0; index < 20; index++) {
      const workspace = workspaces.assign(workspaces.createSlot(`p${index}`), `task-${index}.1`);
      writeFiles(workspace, { 'a/b.txt': 'x' });
      workspaces.dispose(workspace, 'remove');
    }
    await workspaces.settle();
    expect(readdirSync(inWorkspaces())).toEqual([]);
  });

  it('has nothing to wait for at first', async () => {
    await expect(place().workspaces.settle()).resolves.toBeUndefined();
  });
});

describe('Workspaces.sweep', () => {
  it('removes workspaces and logs that are older than their own limits', async () => {
    const { root, workspaces, inWorkspaces } = await openPlace();
    for (const [name, hours] of [['old', 3], ['young', 1]] as const) {
      writeFiles(inWorkspaces(name), { 'file.txt': 'x' });
      age(inWorkspaces(name), hours * HOUR);
      writeFiles(path.join(root, 'logs'), { [`${name}.log`]: 'x' });
      age(path.join(root, 'logs', `${name}.log`), hours * HOUR);
    }
    await workspaces.sweep(2 * HOUR, 4 * HOUR);
    expect([readdirSync(inWorkspaces()), readdirSync(path.join(root, 'logs')).toSorted()]).toEqual([['young'], ['old.log', 'young.log']]);
    await workspaces.sweep(2 * HOUR, 2 * HOUR);
    expect(readdirSync(path.join(root, 'logs'))).toEqual(['young.log']);
  });

  it('keeps a workspace in use, however old it is, until it is let go', async () => {
    const { workspaces } = await openPlace();
    const workspace = workspaces.assign(workspaces.createSlot('p1'), 'task-1.1');
    age(workspace, 100 * HOUR);
    await workspaces.sweep(HOUR, HOUR);
    expect(existsSync(workspace)).toBe(true);
    workspaces.dispose(workspace, 'keep');
    await workspaces.sweep(HOUR, HOUR);
    expect(existsSync(workspace)).toBe(false);
  });

  it('keeps slots, which belong to processes that wait', async () => {
    const { workspaces } = await openPlace();
    const slot = workspaces.createSlot('p1');
    age(slot, 100 * HOUR);
    await workspaces.sweep(HOUR, HOUR);
    expect(existsSync(slot)).toBe(true);
  });

  it('removes workspaces that an earlier host left behind', async () => {
    const { root, inWorkspaces } = await openPlace();
    writeFiles(inWorkspaces('task-1.1'), { 'file.txt': 'x' });
    age(inWorkspaces('task-1.1'), 30 * HOUR);
    const later = place(root);
    await later.workspaces.open();
    expect(existsSync(inWorkspaces('task-1.1'))).toBe(true);
    await later.workspaces.sweep(24 * HOUR, 24 * HOUR);
    expect(existsSync(inWorkspaces('task-1.1'))).toBe(false);
  });

  it('goes by the age of a link, not of what it points to, and removes only the link', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    const outside = temporaryDirectory();
    writeFiles(outside, { 'precious.txt': 'keep me' });
    age(outside, 100 * HOUR);
    symlinkSync(outside, inWorkspaces('link'));
    lutimesSync(inWorkspaces('link'), NOW / 1_000, NOW / 1_000);
    await workspaces.sweep(HOUR, HOUR);
    expect(lstatSync(inWorkspaces('link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(outside)).toEqual(['precious.txt']);
  });

  it('keeps everything when nothing is old', async () => {
    const { workspaces, inWorkspaces } = await openPlace();
    mkdirSync(inWorkspaces('task-1.1'));
    age(inWorkspaces('task-1.1'), 0);
    await workspaces.sweep(0, 0);
    expect(readdirSync(inWorkspaces())).toEqual(['task-1.1']);
  });
});
