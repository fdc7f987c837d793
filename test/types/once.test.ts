import { describe, expect, it, vi } from 'vitest';
import { once } from '../../src/lib/task-system/types/once.ts';

describe('once', () => {
  it('makes nothing before it is asked', () => {
    const make = vi.fn();
    once(make);
    expect(make).not.toHaveBeenCalled();
  });

  it('gives the same value every time', () => {
    const get = once(() => ({}));
    expect(get()).toBe(get());
  });

  it('does work without a value once', () => {
    const work = vi.fn(() => undefined);
    const run = once(work);
    run();
    run();
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('tries again what has thrown', () => {
    const make = vi.fn(() => 1).mockImplementationOnce(() => { throw new RangeError('not yet'); });
    const get = once(make);
    expect(get).toThrow('not yet');
    expect(get()).toBe(1);
  });

  it('gives the promise that was made, also one that is rejected', async () => {
    const make = vi.fn(() => Promise.reject(new RangeError('no')));
    const get = once(make);
    await expect(get()).rejects.toThrow('no');
    await expect(get()).rejects.toThrow('no');
    expect(make).toHaveBeenCalledTimes(1);
  });
});
