import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SandboxKinds } from '../../src/lib/task-system/core/SandboxKinds.ts';
import { nameOfKind } from '../../src/lib/task-system/policy/Sandbox.ts';
import { Levels } from '../../src/lib/task-system/policy/sandbox/Levels.ts';
import { ISOLATION_DIMENSIONS, type IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import type { TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { ResolvedPolicy } from '../../src/lib/task-system/types/Policy.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { ResolvedTaskType } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { CHILD_ENTRY, handler, temporaryDirectory } from './support.ts';

interface Made { readonly kinds: SandboxKinds; readonly type: (name: string) => ResolvedTaskType; readonly project: string }

/** Kinds of task types at one level, with a project "acme" that has a directory. */
function kindsAt(level: IsolationLevel, types: Readonly<Record<string, Partial<TaskTypeOptions>>>): Made {
  const project = join(realpathSync(temporaryDirectory()), 'acme');
  mkdirSync(project);
  writeFileSync(join(project, '.env'), 'TOKEN=hush');
  const tasks = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { module: handler('echo.mjs'), sandbox: { level }, ...type }]));
  const options = parseTaskSystemOptions({ root: temporaryDirectory(), tasks, projects: { acme: { dir: project } } });
  const dimensions = Object.fromEntries(ISOLATION_DIMENSIONS.map((name) => [name, 'enforced' as const]));
  const report = { level, available: true, dimensions: Object.assign(Object.create(null), dimensions), problems: [] };
  const kinds = new SandboxKinds(options, CHILD_ENTRY, new Levels(options.sandbox, [report]));
  return {
    kinds, project,
    type: (name) => {
      const found = options.types.get(name);
      if (found === undefined) throw new Error(`no type ${name}`);
      return found;
    },
  };
}

/** A type as it is for a child whose ancestors may do less. */
function narrowed(type: ResolvedTaskType, policy: Partial<ResolvedPolicy>): ResolvedTaskType {
  return { ...type, policy: { ...type.policy, ...policy } };
}

describe('SandboxKinds.of', () => {
  it('shows the directory of the project where the policy says so, without its secrets', () => {
    const { kinds, type, project } = kindsAt('kernel', { looks: { policy: { project: 'read' } } });
    const { view } = kinds.of(type('looks'), 'acme');
    expect(view.readable).toContain(project);
    expect(view.hiddenFiles).toContain(join(project, '.env'));
  });

  it('shows it at the level "permission-model" as well', () => {
    const { kinds, type, project } = kindsAt('permission-model', { looks: { policy: { project: 'read' } } });
    expect(kinds.of(type('looks'), 'acme').view.readable).toContain(project);
  });

  it.each([['says nothing', {}], ['says "none"', { project: 'none' as const }]])('does not show it where the policy %s', (_what, policy) => {
    const { kinds, type, project } = kindsAt('kernel', { blind: { policy } });
    expect(kinds.of(type('blind'), 'acme').view.readable).not.toContain(project);
  });

  it('does not show it to a child whose ancestors narrow its type, though the type alone may look', () => {
    const { kinds, type, project } = kindsAt('kernel', { looks: { policy: { project: 'read' } } });
    kinds.of(type('looks'), 'acme');
    expect(kinds.of(narrowed(type('looks'), { project: 'none' }), 'acme').view.readable).not.toContain(project);
  });

  it('has another kind for each project that can be looked at, and one for all that cannot', () => {
    const { kinds, type } = kindsAt('kernel', { looks: { policy: { project: 'read' } }, blind: {} });
    const name = (typeName: string, project: string): string => nameOfKind(kinds.of(type(typeName), project));
    expect(name('looks', 'acme')).not.toBe(name('looks', 'other'));
    expect(name('blind', 'acme')).toBe(name('blind', 'other'));
  });

  it.each<IsolationLevel>(['kernel', 'permission-model', 'process'])('has another kind for tasks with a way to the network, at the level "%s"', (level) => {
    const { kinds, type } = kindsAt(level, { online: { policy: { network: { hosts: ['example.com'] } } }, offline: {} });
    const [online, offline] = ['online', 'offline'].map((name) => kinds.of(type(name), 'acme'));
    expect([online?.unixSockets, offline?.unixSockets]).toEqual([true, false]);
  });

  it('lets tasks share spares that reach different hosts: those are decided when the process is taken', () => {
    const { kinds, type } = kindsAt('kernel', { one: { policy: { network: { hosts: ['example.com'] } } }, other: { policy: { network: { hosts: ['example.org'] } } } });
    const [one, other] = ['one', 'other'].map((name) => kinds.of(type(name), 'acme'));
    expect(one === undefined || other === undefined ? '' : nameOfKind(one)).toBe(other === undefined ? 'none' : nameOfKind(other));
  });

  it('has no way to the network for a task whose ancestors narrow it to nothing', () => {
    const { kinds, type } = kindsAt('kernel', { online: { policy: { network: { hosts: ['example.com'] } } } });
    expect(kinds.of(narrowed(type('online'), { network: { hosts: [] } }), 'acme').unixSockets).toBe(false);
  });
});

describe('SandboxKinds.hasNetwork', () => {
  it('knows whether a type names hosts', () => {
    expect(kindsAt('kernel', { offline: {} }).kinds.hasNetwork('anywhere')).toBe(false);
    expect(kindsAt('kernel', { offline: {}, online: { policy: { network: { hosts: ['a.com'] } } } }).kinds.hasNetwork('anywhere')).toBe(true);
  });

  it('knows whether one of them has no network of its own', () => {
    const types = { online: { policy: { network: { hosts: ['a.com'] } } } };
    expect(kindsAt('kernel', types).kinds.hasNetwork('unconfined')).toBe(false);
    expect(kindsAt('process', types).kinds.hasNetwork('unconfined')).toBe(true);
  });
});

describe('SandboxKinds.environmentOf', () => {
  const environment = (hosts: readonly string[], env: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
    const { kinds, type } = kindsAt('kernel', { one: { policy: { network: { hosts } }, env } });
    return kinds.environmentOf(type('one'));
  };

  it('leaves a task without hosts as it is', () => {
    expect(environment([], { A: '1' })).toEqual({ A: '1' });
  });

  it('means the own loopback where no policy names it', () => {
    expect(environment(['example.com', '*'])).toMatchObject({ NO_PROXY: 'localhost,127.0.0.1,::1', no_proxy: 'localhost,127.0.0.1,::1' });
  });

  it('means that of the host where the policy names it', () => {
    expect(environment(['localhost:3000'])).toMatchObject({ NO_PROXY: '127.0.0.1,::1' });
  });

  it('leaves the last word to the type', () => {
    expect(environment(['localhost'], { NO_PROXY: 'localhost' })).toMatchObject({ NO_PROXY: 'localhost' });
  });
});
