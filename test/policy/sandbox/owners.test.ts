import { describe, expect, it } from 'vitest';
import { FIRST_OWNER, Owners } from '../../../src/lib/task-system/policy/sandbox/owners.ts';

describe('Owners', () => {
  it('gives each process a user of its own, five hundred in turn', () => {
    const owners = new Owners();
    const taken = Array.from({ length: 501 }, () => owners.take());
    expect([taken[0], new Set(taken.slice(0, 500)).size, taken[500]]).toEqual([FIRST_OWNER, 500, FIRST_OWNER]);
  });
});
