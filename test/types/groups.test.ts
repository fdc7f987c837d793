import { describe, expect, it } from 'vitest';
import { parseSubmitOptions } from '../../src/lib/task-system/types/parseCalls.ts';
import { thrownBy } from '../support/thrown.ts';

const group = (more: object): ReturnType<typeof parseSubmitOptions> => parseSubmitOptions({ type: 'group', ...more });
const problem = (options: object): string => thrownBy(() => parseSubmitOptions(options)).message;

describe('parseSubmitOptions: groups', () => {
  it('gives children the project of their group', () => {
    expect(group({ project: 'acme', children: [{ type: 'a' }] }).children?.[0]?.project).toBe('acme');
  });

  it('lets a child have a project of its own', () => {
    expect(group({ project: 'acme', children: [{ type: 'a', project: 'bolt' }] }).children?.[0]?.project).toBe('bolt');
  });

  it('gives children the priority of their group', () => {
    expect(group({ priority: 'high', children: [{ type: 'a' }, { type: 'b', priority: -5 }] }).children?.map(({ priority }) => priority)).toEqual([group({ priority: 'high', children: [{ type: 'a' }] }).priority, -5]);
  });

  it('refuses a group without children', () => {
    expect(problem({ type: 'group' })).toContain('children: expected at least one for a task of the type "group"');
  });

  it('refuses a group with an empty list of children', () => {
    expect(problem({ type: 'group', children: [] })).toContain('at least one');
  });

  it('refuses children of any other type', () => {
    expect(problem({ type: 'research', children: [{ type: 'a' }] })).toContain('expected only with the type "group", got "research"');
  });

  it('takes an empty list of children for none', () => {
    expect(parseSubmitOptions({ type: 'research', children: [] }).children).toEqual([]);
  });

  it('refuses two children with the same key', () => {
    expect(problem({ type: 'group', children: [{ type: 'a', key: 'x' }, { type: 'b' }, { type: 'c', key: 'x' }] })).toContain('two of them have the key "x"');
  });

  it('takes any number of children without a key', () => {
    expect(group({ children: [{ type: 'a' }, { type: 'a' }] }).children).toHaveLength(2);
  });

  it('refuses a group in a group, and says where', () => {
    expect(problem({ type: 'group', children: [{ type: 'a' }, { type: 'group' }] })).toContain('children[1].type');
  });

  it('names the child in which something is wrong', () => {
    expect(thrownBy(() => group({ children: [{ type: 'a' }, { type: 'b', priority: 'odd' }] })).details['problems']).toMatchObject([{ path: 'children[1].priority' }]);
  });

  it('refuses a parent of a child, which is its group', () => {
    expect(thrownBy(() => group({ children: [{ type: 'a', parentId: 'p' }] })).details['problems']).toMatchObject([{ path: 'children[0].parentId' }]);
  });

  it('keeps the rules that are given, and only those', () => {
    expect([group({ completion: 'any', children: [{ type: 'a' }] }).rules, group({ children: [{ type: 'a' }] }).rules]).toEqual([{ completion: 'any' }, undefined]);
  });

  it('gives each child what goes over the settings of its type', () => {
    expect(group({ children: [{ type: 'a', timeoutMs: 5 }, { type: 'b' }] }).children?.map(({ overrides }) => overrides)).toEqual([{ timeoutMs: 5 }, {}]);
  });
});

describe('parseSubmitOptions: defaults of a caller', () => {
  const defaults = { project: 'acme', priority: 7 };

  it('are taken where nothing is said', () => {
    expect(parseSubmitOptions({ type: 'a' }, defaults)).toMatchObject({ project: 'acme', priority: 7 });
  });

  it('give way to what is said', () => {
    expect(parseSubmitOptions({ type: 'a', project: 'bolt', priority: 0 }, defaults)).toMatchObject({ project: 'bolt', priority: 0 });
  });
});

describe('parseSubmitOptions: what is copied', () => {
  it('does not change when the caller changes its context files afterwards', () => {
    const contextFiles = ['a.md'];
    const parsed = parseSubmitOptions({ type: 'a', contextFiles });
    contextFiles.push('b.md');
    expect(parsed.overrides.contextFiles).toEqual(['a.md']);
  });

  it('takes a weight above none', () => {
    expect([parseSubmitOptions({ type: 'a', weight: 0.5 }).weight, thrownBy(() => parseSubmitOptions({ type: 'a', weight: 0 })).code]).toEqual([0.5, 'SUBMIT_INVALID']);
  });

  it('takes metadata of exactly 16 KiB as JSON', () => {
    const around = JSON.stringify({ t: '' }).length;
    expect(parseSubmitOptions({ type: 'a', metadata: { t: 'x'.repeat(16_384 - around) } }).metadata['t']).toHaveLength(16_384 - around);
  });

  it('counts metadata in bytes, not in characters', () => {
    expect(thrownBy(() => parseSubmitOptions({ type: 'a', metadata: { t: 'é'.repeat(10_000) } })).code).toBe('SUBMIT_INVALID');
  });
});
