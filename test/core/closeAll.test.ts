import { describe, expect, it } from 'vitest';
import { closeAll } from '../../src/lib/task-system/core/closeAll.ts';

describe('closeAll', () => {
  it('closes one part after the other', async () => {
    const done: string[] = [];
    await closeAll([async () => { await Promise.resolve(); done.push('first'); }, () => { done.push('second'); }]);
    expect(done).toEqual(['first', 'second']);
  });

  it('closes the rest although one part throws', async () => {
    const done: string[] = [];
    const closing = closeAll([() => { throw new RangeError('stuck'); }, () => { done.push('second'); }]);
    await expect(closing).rejects.toThrow(RangeError);
    expect(done).toEqual(['second']);
  });

  it('rejects with the very error when there is only one', async () => {
    const stuck = new RangeError('stuck');
    await expect(closeAll([() => Promise.reject(stuck)])).rejects.toBe(stuck);
  });

  it('names all errors when there are several', async () => {
    const errors = [new RangeError('first'), new RangeError('second')];
    await expect(closeAll(errors.map((error) => () => Promise.reject(error)))).rejects.toMatchObject({ errors });
  });
});
