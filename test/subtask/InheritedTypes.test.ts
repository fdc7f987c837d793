import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideCall } from '../../src/lib/task-system/policy/ToolPolicy.ts';
import { InheritedTypes } from '../../src/lib/task-system/subtask/InheritedTypes.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import type { LimitOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { ResolvedTaskType } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { thrownBy } from '../support/thrown.ts';

/** As on a machine where every level works. */
const levelOf = ({ sandbox }: ResolvedTaskType): IsolationLevel => sandbox.level ?? 'kernel';

/** The type of a child below a parent. */
function childOf(parent: Partial<TaskTypeOptions>, child: Partial<TaskTypeOptions>): ResolvedTaskType {
  const { types } = parseTaskSystemOptions({ root: '/root', tasks: { parent: { module: '/p.js', ...parent }, child: { module: '/c.js', ...child } } });
  return new InheritedTypes(types, levelOf).of({ type: 'child', lineage: ['parent'] });
}

describe('InheritedTypes', () => {
  it.each<[keyof LimitOptions, number, number]>([
    ['inputBytes', 10, 20], ['resultBytes', 10, 20], ['outputBytes', 10, 20], ['memoryMb', 100, 200], ['cpuMs', 100, 200], ['processes', 4, 8],
    ['cpus', 0.5, 2], ['openFiles', 64, 128], ['workspaceMb', 10, 20], ['workerThreads', 0, 2], ['artifacts', 1, 2], ['artifactsMb', 1, 2],
  ])('lets no child widen %s', (name, narrow, wide) => {
    expect(childOf({ limits: { [name]: narrow } }, { limits: { [name]: wide } }).limits[name]).toBe(narrow);
    expect(childOf({ limits: { [name]: wide } }, { limits: { [name]: narrow } }).limits[name]).toBe(narrow);
  });

  it.each(['memoryMb', 'cpuMs', 'processes', 'cpus', 'openFiles', 'workspaceMb'] as const)('lets no child take the bound of %s away', (name) => {
    expect(childOf({ limits: { [name]: 100 } }, { limits: { [name]: false } }).limits[name]).toBe(100);
    expect(childOf({ limits: { [name]: false } }, { limits: { [name]: 100 } }).limits[name]).toBe(100);
  });

  it.each([['none', 'write', 'none'], ['read', 'write', 'read'], ['write', 'read', 'read'], ['write', 'write', 'write']] as const)('gives below memory: %s and %s only %s', (parent, child, memory) => {
    expect(childOf({ memory: parent }, { memory: child }).memory).toBe(memory);
  });

  it('makes the child of an untrusted task untrusted', () => {
    expect(childOf({ untrusted: true }, { untrusted: false }).untrusted).toBe(true);
  });

  it('lets no child run at a weaker level than its parent is bound to, or require less', () => {
    expect(childOf({ sandbox: { level: 'kernel' } }, { sandbox: { level: 'process' } }).sandbox.level).toBe('kernel');
    expect(childOf({ sandbox: { require: 'kernel' } }, { sandbox: { require: 'process' } }).sandbox.require).toBe('kernel');
    expect(childOf({ sandbox: { level: 'process' } }, { sandbox: { level: 'kernel' } }).sandbox.level).toBe('kernel');
  });

  it.each<[IsolationLevel | undefined, IsolationLevel | undefined, IsolationLevel | undefined]>([
    ['kernel', 'process', 'kernel'], ['kernel', 'permission-model', 'kernel'], ['permission-model', 'process', 'permission-model'],
    [undefined, 'process', 'kernel'], [undefined, 'permission-model', 'kernel'], [undefined, 'kernel', 'kernel'],
    ['process', 'permission-model', 'permission-model'], ['process', undefined, undefined], ['kernel', undefined, undefined], [undefined, undefined, undefined],
  ])('strengthens the level below %s: %s becomes %s', (parent, child, level) => {
    const sandboxOf = (own: IsolationLevel | undefined): Partial<TaskTypeOptions> => (own === undefined ? {} : { sandbox: { level: own } });
    expect(childOf(sandboxOf(parent), sandboxOf(child)).sandbox.level).toBe(level);
  });

  it('strengthens by what the machine can do: where nothing better works than "process", a parent without a level runs at it', () => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: { parent: { module: '/p.js' }, child: { module: '/c.js', sandbox: { level: 'process' } } } });
    const poor = new InheritedTypes(types, () => 'process');
    expect(poor.of({ type: 'child', lineage: ['parent'] }).sandbox.level).toBe('process');
  });

  it('takes a parent that cannot be isolated for one in the strongest sandbox, and leaves the refusal of a child to who asks for its level', () => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: { parent: { module: '/p.js' }, child: { module: '/c.js', sandbox: { level: 'process' } } } });
    const failing = (which: string) => (type: ResolvedTaskType): IsolationLevel => {
      if (type.name === which) throw new TaskSystemError('SANDBOX_UNAVAILABLE', which);
      return 'process';
    };
    expect(new InheritedTypes(types, failing('parent')).of({ type: 'child', lineage: ['parent'] }).sandbox.level).toBe('kernel');
    expect(new InheritedTypes(types, failing('child')).of({ type: 'child', lineage: ['parent'] }).sandbox.level).toBe('process');
  });

  it.each<[readonly string[] | undefined, readonly string[] | undefined, readonly string[] | undefined]>([
    [['a'], undefined, ['a']], [undefined, ['a'], ['a']], [['a'], ['a', 'b'], ['a']], [['a'], ['b'], []], [[], undefined, []], [undefined, undefined, undefined],
  ])('lets a child call only models that both may call: of %j and %j, %j', (parent, child, models) => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: { parent: { module: '/p.js' }, child: { module: '/c.js' } } });
    const withModels = new Map([...types].map(([name, type]) => {
      const own = name === 'parent' ? parent : child;
      return [name, own === undefined ? type : { ...type, models: own }];
    }));
    expect(new InheritedTypes(withModels, levelOf).of({ type: 'child', lineage: ['parent'] }).models).toEqual(models);
  });

  it('shows a child only files that both may read', () => {
    expect(childOf({ sandbox: { read: ['/data', '/opt/a'] } }, { sandbox: { read: ['/data/set', '/etc', '/opt/ab'] } }).sandbox.read).toEqual(['/data/set']);
  });

  it('gives no more tokens of context', () => {
    expect(childOf({ contextTokens: 10 }, { contextTokens: 20 }).contextTokens).toBe(10);
    expect(childOf({ contextTokens: 10 }, {}).contextTokens).toBe(10);
  });

  it('lets a child call only tools that both may call, reach only hosts that both may reach, and see the project only if both may', () => {
    const { policy } = childOf(
      { policy: { allow: ['fs.read'], network: { hosts: ['example.com'] }, project: 'none' } },
      { policy: { allow: ['fs.*', 'shell.run'], network: { hosts: ['*'] }, project: 'read' } },
    );
    expect(['fs.read', 'fs.write', 'shell.run'].map((tool) => decideCall(policy, tool, { path: 'a', command: ['ls'] }).decision)).toEqual(['allow', 'deny', 'deny']);
    expect([policy.network.hosts, policy.project]).toEqual([['example.com'], 'none']);
  });

  it('narrows through every ancestor', () => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: {
      top: { module: '/a.js', limits: { memoryMb: 100 } }, middle: { module: '/b.js', limits: { memoryMb: 500, processes: 3 } }, child: { module: '/c.js' },
    } });
    expect(new InheritedTypes(types, levelOf).of({ type: 'child', lineage: ['top', 'middle'] }).limits).toMatchObject({ memoryMb: 100, processes: 3 });
  });

  it('leaves a task without ancestors, below its own type or below a group as it is', () => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: { child: { module: '/c.js' } } });
    const inherited = new InheritedTypes(types, levelOf);
    for (const lineage of [[], ['child', 'child'], ['group']]) expect(inherited.of({ type: 'child', lineage })).toBe(types.get('child'));
  });

  it('gives the same type for the same ancestors', () => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: { parent: { module: '/p.js' }, child: { module: '/c.js' } } });
    const inherited = new InheritedTypes(types, levelOf);
    expect(inherited.of({ type: 'child', lineage: ['parent'] })).toBe(inherited.of({ type: 'child', lineage: ['parent', 'parent'] }));
  });

  it('refuses a task whose ancestor has a type that is not there any more', () => {
    const { types } = parseTaskSystemOptions({ root: '/root', tasks: { child: { module: '/c.js' } } });
    expect(thrownBy(() => new InheritedTypes(types, levelOf).of({ type: 'child', lineage: ['gone'] })).code).toBe('TASK_TYPE_UNKNOWN');
  });

  it('never gives a child a larger limit than its parent has, whatever both say', () => {
    const limits = fc.record({ memoryMb: fc.oneof(fc.integer({ min: 1, max: 999 }), fc.constant(false as const)), processes: fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constant(false as const)), resultBytes: fc.nat(999) }, { requiredKeys: [] });
    const size = (value: number | false): number => (value === false ? Infinity : value);
    fc.assert(fc.property(limits, limits, (parent, child) => {
      const both = childOf({ limits: parent }, { limits: child }).limits;
      const own = childOf({ limits: parent }, { limits: parent }).limits;
      for (const name of ['memoryMb', 'processes', 'resultBytes'] as const) expect(size(both[name])).toBeLessThanOrEqual(size(own[name]));
    }));
  });
});
