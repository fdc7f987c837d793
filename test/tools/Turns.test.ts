import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/lib/task-system/tools/Turns.ts';

describe('Turns', () => {
  it('lets only so many go on at once, in the order in which they came', async () => {
    const turns = new Turns(2);
    const [order, gates] = [[] as number[], Array.from({ length: 5 }, () => Promise.withResolvers<number>())];
    const all = gates.map(({ promise }, index) => turns.take(() => { order.push(index); return promise; }));
    await new Promise(setImmediate);
    expect(order).toEqual([0, 1]);
    gates[1]?.resolve(1);
    await all[1];
    await new Promise(setImmediate);
    expect(order).toEqual([0, 1, 2]);
    for (const [index, gate] of gates.entries()) gate.resolve(index);
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives the place of one that fails to the next', async () => {
    const turns = new Turns(1);
    const first = turns.take(() => Promise.reject(new Error('no')));
    const second = turns.take(() => Promise.resolve('yes'));
    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('yes');
  });

  it('is never overtaken into one too many by who comes at the very moment that a place is free', async () => {
    const turns = new Turns(1);
    let [running, most] = [0, 0];
    const work = async (): Promise<void> => { most = Math.max(most, ++running); await Promise.resolve(); running--; };
    const first = turns.take(work);
    const others = [turns.take(work), first.then(() => turns.take(work)), turns.take(work)];
    await Promise.all(others);
    expect(most).toBe(1);
  });
});
