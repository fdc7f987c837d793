import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { handler, openSystem, temporaryDirectory, testOptions } from './support.ts';

const hasKernel = await hasKernelLevel();

/** What a task sees of its project, by the policies of its type and of that of its child. */
async function lookAt(level: IsolationLevel, policy: PolicyOptions, childPolicy?: PolicyOptions): Promise<{ readonly seen: JsonValue; readonly child: JsonValue; readonly project: string }> {
  const project = join(realpathSync(temporaryDirectory()), 'acme');
  mkdirSync(project, { mode: 0o755 });
  writeFileSync(join(project, 'notes.md'), 'notes');
  writeFileSync(join(project, '.env'), 'TOKEN=hush');
  const module = handler('reads-project.mjs');
  const tasks = { looks: { module, policy, sandbox: { level } }, child: { module, policy: childPolicy ?? {}, sandbox: { level } } };
  const system = await openSystem({ ...testOptions({}), tasks, projects: { acme: { dir: project } } });
  const handle = await system.submit({ type: 'looks', project: 'acme', input: { folder: project, ...(childPolicy === undefined ? {} : { child: 'child' }) } });
  const { child, ...seen }: Record<string, JsonValue> = Object(await handle.result());
  expect(readFileSync(join(project, 'notes.md'), 'utf8')).toBe('notes');
  return { seen, project, child: typeof child === 'string' ? await system.handle(child).result() : null };
}

describe.skipIf(!hasKernel)('the directory of the project at the level "kernel"', () => {
  it('can be read where the policy says so: not written, and without its secrets', async () => {
    const { seen, project } = await lookAt('kernel', { project: 'read' });
    expect(seen).toEqual({ told: project, read: 'notes', secret: 'EACCES', write: 'EROFS' });
  });

  it('is not there where the policy does not say so', async () => {
    expect((await lookAt('kernel', {})).seen).toEqual({ told: null, read: 'ENOENT', secret: 'ENOENT', write: 'ENOENT' });
  });

  it('is not there for a child whose parent may not look at it', async () => {
    const { child } = await lookAt('kernel', {}, { project: 'read' });
    expect(child).toMatchObject({ told: null, read: 'ENOENT' });
  });

  it('is there for a child whose parent may', async () => {
    const { child, project } = await lookAt('kernel', { project: 'read' }, { project: 'read' });
    expect(child).toMatchObject({ told: project, read: 'notes', write: 'EROFS' });
  });
});

describe('the directory of the project at the level "permission-model"', () => {
  it('can be read where the policy says so, and not written', async () => {
    const { seen, project } = await lookAt('permission-model', { project: 'read' });
    expect(seen).toMatchObject({ told: project, read: 'notes', write: 'ERR_ACCESS_DENIED' });
  });

  it('cannot be read where the policy does not say so', async () => {
    expect((await lookAt('permission-model', {})).seen).toMatchObject({ told: null, read: 'ERR_ACCESS_DENIED' });
  });
});
