import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isolationOf, NO_ISOLATION } from '../../../src/lib/task-system/policy/sandbox/isolation.ts';
import { Levels, type LevelWish } from '../../../src/lib/task-system/policy/sandbox/Levels.ts';
import { resolvePolicy } from '../../../src/lib/task-system/types/resolvePolicy.ts';
import { isAtLeast, ISOLATION_LEVELS, type IsolationLevel, type LevelReport } from '../../../src/lib/task-system/types/Isolation.ts';

function report(level: IsolationLevel, available: boolean): LevelReport {
  return available
    ? { level, available, dimensions: isolationOf(level).dimensions, problems: [] }
    : { level, available, dimensions: NO_ISOLATION, problems: [{ what: `${level} is missing.`, fix: `Get ${level}.` }] };
}

function wish(rest: Partial<LevelWish> = {}): LevelWish {
  return { name: 'research', untrusted: false, sandbox: { read: [] }, policy: resolvePolicy(undefined, 'tasks.research.policy'), ...rest };
}

const everything = [report('kernel', true), report('permission-model', true)];
const onlyNode = [report('kernel', false), report('permission-model', true)];

describe('Levels', () => {
  it('takes the strongest level that works, without a word', () => {
    expect(new Levels({}, everything).choose(wish())).toEqual({ level: 'kernel' });
  });

  it('falls to the next one, and names what is missing and how to get it', () => {
    expect(new Levels({}, onlyNode).choose(wish())).toEqual({ level: 'permission-model', warning: expect.stringContaining('kernel is missing. Get kernel.') });
  });

  it('takes a level that is forced, without a warning', () => {
    expect(new Levels({ level: 'process' }, everything).choose(wish())).toEqual({ level: 'process' });
    expect(new Levels({ level: 'process' }, everything).choose(wish({ sandbox: { read: [], level: 'kernel' } }))).toEqual({ level: 'kernel' });
  });

  it('refuses a forced level that does not work with SANDBOX_UNAVAILABLE', () => {
    const levels = new Levels({ level: 'kernel' }, onlyNode);
    expect(() => { levels.check(); }).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE', message: expect.stringContaining('Get kernel.') }));
  });

  it('refuses to open with less than the system requires', () => {
    expect(() => { new Levels({ require: 'kernel' }, onlyNode).check(); }).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' }));
    expect(() => { new Levels({ require: 'permission-model' }, onlyNode).check(); }).not.toThrow();
  });

  it('runs untrusted code in a kernel sandbox alone, whatever the system forces', () => {
    expect(() => new Levels({ level: 'process' }, everything).choose(wish({ untrusted: true }))).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' }));
    expect(() => new Levels({}, onlyNode).choose(wish({ untrusted: true }))).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' }));
  });

  it('lets the type itself say in so many words that less is enough', () => {
    expect(new Levels({}, onlyNode).choose(wish({ untrusted: true, sandbox: { read: [], require: 'permission-model' } }))).toMatchObject({ level: 'permission-model' });
  });

  it('requires a kernel sandbox of a type that may run programs, unless the type says otherwise', () => {
    const policy = resolvePolicy({ allow: ['shell.run'] }, 'tasks.research.policy');
    expect(() => new Levels({}, onlyNode).choose(wish({ policy }))).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' }));
    // The permission model would not let them start.
    expect(new Levels({}, onlyNode).choose(wish({ policy, sandbox: { read: [], require: 'process' } }))).toMatchObject({ level: 'process' });
  });

  it('never chooses less than is required, for any wish on any machine', () => {
    const level = fc.constantFrom(...ISOLATION_LEVELS);
    const maybe = fc.option(level, { nil: undefined });
    fc.assert(fc.property(fc.boolean(), fc.boolean(), fc.boolean(), maybe, maybe, maybe, maybe, (kernel, node, untrusted, forced, required, typeForced, typeRequired) => {
      const levels = new Levels({ ...(forced === undefined ? {} : { level: forced }), ...(required === undefined ? {} : { require: required }) }, [report('kernel', kernel), report('permission-model', node)]);
      const sandbox = { read: [], ...(typeForced === undefined ? {} : { level: typeForced }), ...(typeRequired === undefined ? {} : { require: typeRequired }) };
      try {
        const { level: chosen } = levels.choose(wish({ untrusted, sandbox }));
        expect(isAtLeast(chosen, typeRequired ?? (untrusted ? typeForced ?? 'kernel' : required ?? 'process'))).toBe(true);
        expect(chosen === 'kernel' ? kernel : chosen === 'permission-model' ? node : true).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
      }
    }));
  });
});
