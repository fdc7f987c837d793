import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AttemptMarks } from '../../../src/lib/task-system/core/artifacts/AttemptMarks.ts';
import { temporaryDirectory } from '../support.ts';

function workspaceWith(files: Readonly<Record<string, string>>): string {
  const workspace = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(workspace, name, '..'), { recursive: true });
    writeFileSync(join(workspace, name), content);
  }
  return workspace;
}

describe('AttemptMarks', () => {
  it('marks files as they are', async () => {
    const marks = new AttemptMarks({ artifacts: 2, artifactsMb: 1 });
    const workspace = workspaceWith({ 'a': 'one', 'b/c': 'three' });
    await marks.add(workspace, 'a');
    await marks.add(workspace, 'b/c');
    expect(marks.all.map(({ path, names, identity }) => [path, names, identity.bytes])).toEqual([['a', ['a'], 3], ['b/c', ['b', 'c'], 5]]);
  });

  it('takes a file that is marked again as it is by then', async () => {
    const marks = new AttemptMarks({ artifacts: 1, artifactsMb: 1 });
    const workspace = workspaceWith({ a: 'one' });
    await marks.add(workspace, 'a');
    appendFileSync(join(workspace, 'a'), ' more');
    await marks.add(workspace, 'a');
    expect(marks.all.map(({ identity }) => identity.bytes)).toEqual([8]);
  });

  it('refuses one file more than allowed', async () => {
    const marks = new AttemptMarks({ artifacts: 1, artifactsMb: 1 });
    const workspace = workspaceWith({ a: '', b: '' });
    await marks.add(workspace, 'a');
    await expect(marks.add(workspace, 'b')).rejects.toMatchObject({ code: 'ARTIFACT_LIMIT', details: { path: 'b', allowed: 1 } });
    expect(marks.all).toHaveLength(1);
  });

  it('refuses more bytes than allowed, all files together', async () => {
    const marks = new AttemptMarks({ artifacts: 9, artifactsMb: 1 });
    const workspace = workspaceWith({ a: 'x'.repeat(700_000), b: 'x'.repeat(700_000) });
    await marks.add(workspace, 'a');
    await expect(marks.add(workspace, 'b')).rejects.toMatchObject({ code: 'ARTIFACT_LIMIT', details: { path: 'b', bytes: 1_400_000, allowed: 1_048_576 } });
  });

  it('goes by the size that a reader would get: a sparse file takes no space and is large all the same', async () => {
    const workspace = workspaceWith({ a: '' });
    truncateSync(join(workspace, 'a'), 1_000_000_000_000);
    await expect(new AttemptMarks({ artifacts: 9, artifactsMb: 1 }).add(workspace, 'a')).rejects.toMatchObject({ code: 'ARTIFACT_LIMIT' });
  });

  it('keeps nothing where nothing may be kept', async () => {
    await expect(new AttemptMarks({ artifacts: 0, artifactsMb: 1 }).add(workspaceWith({ a: '' }), 'a')).rejects.toMatchObject({ code: 'ARTIFACT_LIMIT' });
  });

  it('keeps an empty file even where no byte may be kept', async () => {
    const marks = new AttemptMarks({ artifacts: 1, artifactsMb: 0 });
    await marks.add(workspaceWith({ a: '' }), 'a');
    expect(marks.all).toHaveLength(1);
  });
});
