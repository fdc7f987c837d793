import { describe, expect, it } from 'vitest';
import { isolationOf, NO_ISOLATION } from '../../../src/lib/task-system/policy/sandbox/isolation.ts';
import { FIRST_OWNER, Owners } from '../../../src/lib/task-system/policy/sandbox/owners.ts';
import { isAtLeast, ISOLATION_DIMENSIONS, ISOLATION_LEVELS } from '../../../src/lib/task-system/types/Isolation.ts';

const STRENGTH = ['open', 'guarded', 'watched', 'enforced'];

describe('isolationOf', () => {
  it.each(ISOLATION_LEVELS)('says something of every dimension at the level %s', (level) => {
    expect(Object.keys(isolationOf(level).dimensions).sort()).toEqual([...ISOLATION_DIMENSIONS].sort());
  });

  it('leaves nothing open at the level kernel', () => {
    expect(Object.values(isolationOf('kernel').dimensions)).not.toContain('open');
  });

  it.each(ISOLATION_DIMENSIONS)('gives no weaker level more of %s', (dimension) => {
    const [process = 0, model = 0, kernel = 0] = ISOLATION_LEVELS.map((level) => STRENGTH.indexOf(isolationOf(level).dimensions[dimension]));
    expect(kernel).toBeGreaterThanOrEqual(Math.max(process, dimension === 'pids' ? 0 : model));
  });

  it('does not call what Node does inside the task enforced', () => {
    expect(isolationOf('permission-model').dimensions).toMatchObject({ files: 'guarded', network: 'open', systemCalls: 'open' });
  });

  it('calls memory and processes enforced where the kernel holds them for the whole tree', () => {
    expect(isolationOf('kernel', ['memory', 'pids', 'cpu']).dimensions).toMatchObject({ memory: 'enforced', pids: 'enforced', cpu: 'watched' });
    expect(isolationOf('kernel', ['pids']).dimensions).toMatchObject({ memory: 'watched', pids: 'enforced' });
  });

  it.each(['process', 'permission-model'] as const)('trusts no control group at the level %s, where a task could leave it', (level) => {
    expect(isolationOf(level, ['memory', 'pids', 'cpu'])).toEqual(isolationOf(level));
  });

  it('calls nothing but the channel enforced in a plain process', () => {
    expect(Object.entries(isolationOf('process').dimensions).filter(([, how]) => how === 'enforced').map(([dimension]) => dimension)).toEqual(['channel']);
  });
});

describe('NO_ISOLATION', () => {
  it('has every dimension open', () => {
    expect(Object.entries(NO_ISOLATION)).toEqual(ISOLATION_DIMENSIONS.map((dimension) => [dimension, 'open']));
  });
});

describe('isAtLeast', () => {
  it('orders the levels', () => {
    expect(ISOLATION_LEVELS.map((level) => isAtLeast(level, 'permission-model'))).toEqual([false, true, true]);
  });
});

describe('Owners', () => {
  it('gives each process a user of its own', () => {
    const owners = new Owners();
    const taken = Array.from({ length: 100 }, () => owners.take());
    expect(new Set(taken).size).toBe(100);
  });

  it('begins above the numbers that systems give to users', () => {
    expect(new Owners().take()).toBe(FIRST_OWNER);
    expect(FIRST_OWNER).toBeGreaterThan(60_000);
  });

  it('stays below the numbers that containers and services use, and begins anew', () => {
    const owners = new Owners();
    const taken = Array.from({ length: 1_200 }, () => owners.take());
    expect(Math.max(...taken)).toBeLessThan(61_184);
    expect(taken.filter((owner) => owner === FIRST_OWNER).length).toBeGreaterThan(1);
  });

  it('never gives root', () => {
    const owners = new Owners();
    expect(Array.from({ length: 600 }, () => owners.take()).filter((owner) => owner <= 0)).toEqual([]);
  });
});
