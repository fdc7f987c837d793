import { describe, expect, it } from 'vitest';
import { DueTimes } from '../../../src/lib/task-system/hooks/webhooks/DueTimes.ts';

const timesOf = (...notes: readonly (readonly [string, number])[]): DueTimes => {
  const times = new DueTimes();
  for (const [endpointId, at] of notes) times.note({ endpointId, at });
  return times;
};

describe('DueTimes', () => {
  it('keeps the earliest time of each endpoint', () => {
    expect([...timesOf(['a', 5], ['b', 7], ['a', 3], ['a', 9])]).toEqual([['a', 3], ['b', 7]]);
  });

  it('forgets who was taken out, and nobody else', () => {
    const times = timesOf(['a', 5], ['b', 7]);
    times.takeOut(['a', 'unknown']);
    expect([...times]).toEqual([['b', 7]]);
  });

  it('takes a later time for news once an endpoint was taken out', () => {
    const times = timesOf(['a', 5]);
    times.takeOut(['a']);
    times.note({ endpointId: 'a', at: 9 });
    expect([...times]).toEqual([['a', 9]]);
  });
});
