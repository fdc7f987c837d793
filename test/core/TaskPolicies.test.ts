import { describe, expect, it } from 'vitest';
import { TaskPolicies, type GovernedTask } from '../../src/lib/task-system/core/TaskPolicies.ts';
import { decideCall } from '../../src/lib/task-system/policy/ToolPolicy.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';
import { makeType } from './makers.ts';

/** Policies of types, and tasks of them by id. */
function policiesOf(policies: Readonly<Record<string, PolicyOptions>>, tasks: Readonly<Record<string, GovernedTask>> = {}): TaskPolicies {
  const types = new Map(Object.entries(policies).map(([name, policy]) => [name, makeType({ name, policy: resolvePolicy(policy, `tasks.${name}.policy`) })]));
  return new TaskPolicies(types, (id) => Promise.resolve(tasks[id]));
}

const wide: PolicyOptions = { allow: ['*'], network: { hosts: ['*'] }, project: 'read' };
const narrow: PolicyOptions = { allow: ['fs.read'], network: { hosts: ['example.com'] }, project: 'none' };

describe('TaskPolicies.of', () => {
  it('is that of the type for a task without a parent, at once', () => {
    expect(policiesOf({ wide }).of({ type: 'wide' })).toMatchObject({ network: { hosts: ['*'] }, project: 'read' });
  });

  it('gives a child nothing that its parent may not', async () => {
    const policy = await policiesOf({ wide, narrow }, { parent: { type: 'narrow' } }).of({ type: 'wide', parentId: 'parent' });
    expect(policy).toMatchObject({ network: { hosts: ['example.com'] }, project: 'none' });
    expect(decideCall(policy, 'shell.run', {}).decision).toBe('deny');
  });

  it('gives a child nothing that its own type may not', async () => {
    const policy = await policiesOf({ wide, narrow }, { parent: { type: 'wide' } }).of({ type: 'narrow', parentId: 'parent' });
    expect(policy).toMatchObject({ network: { hosts: ['example.com'] }, project: 'none' });
  });

  it('looks at every ancestor', async () => {
    const policy = await policiesOf({ wide, narrow }, { parent: { type: 'wide', parentId: 'root' }, root: { type: 'narrow' } }).of({ type: 'wide', parentId: 'parent' });
    expect(policy).toMatchObject({ network: { hosts: ['example.com'] }, project: 'none' });
  });

  it('goes through a group as if it were not there', async () => {
    const tasks = { parent: { type: 'group', parentId: 'root' }, root: { type: 'narrow' } };
    expect(await policiesOf({ wide, narrow }, tasks).of({ type: 'wide', parentId: 'parent' })).toMatchObject({ network: { hosts: ['example.com'] } });
    expect(await policiesOf({ wide }, { parent: { type: 'group' } }).of({ type: 'wide', parentId: 'parent' })).toMatchObject({ network: { hosts: ['*'] } });
  });

  it.each([
    ['the parent is gone', {}], ['the type of the parent is gone', { parent: { type: 'removed' } }], ['a grandparent is gone', { parent: { type: 'wide', parentId: 'root' } }],
  ])('allows nothing where %s', async (_what, tasks) => {
    const policy = await policiesOf({ wide }, tasks).of({ type: 'wide', parentId: 'parent' });
    expect(policy).toMatchObject({ network: { hosts: [] }, project: 'none' });
    expect(decideCall(policy, 'fs.read', { path: 'a' }).decision).toBe('deny');
  });

  it('allows nothing to a type that is gone', () => {
    expect(policiesOf({}).of({ type: 'removed' })).toMatchObject({ network: { hosts: [] }, project: 'none' });
  });
});
