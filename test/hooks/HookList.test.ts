import { describe, expect, it } from 'vitest';
import { HookList } from '../../src/lib/task-system/hooks/HookList.ts';
import { makeTask } from '../core/makers.ts';

function context() {
  return { task: makeTask(), signal: new AbortController().signal };
}

describe('HookList', () => {
  it('is empty at first', () => {
    const list = new HookList();
    expect([list.size, list.bind({})]).toEqual([0, []]);
  });

  it('binds hooks in the order in which they were added', () => {
    const list = new HookList();
    const calls: string[] = [];
    list.add(() => { calls.push('first'); });
    list.add(() => { calls.push('second'); });
    for (const hook of list.bind({})) hook.call(context());
    expect(calls).toEqual(['first', 'second']);
  });

  it('gives each hook task, signal and what the event adds', () => {
    const list = new HookList<{ readonly reason: string }>();
    const seen: object[] = [];
    list.add((given) => { seen.push(given); });
    const given = context();
    for (const hook of list.bind({ reason: 'enough' })) hook.call(given);
    expect(seen).toEqual([{ ...given, reason: 'enough' }]);
  });

  it('returns what the hook returns', () => {
    const list = new HookList();
    const promise = Promise.resolve();
    list.add(() => promise);
    expect(list.bind({})[0]?.call(context())).toBe(promise);
  });

  it('keeps the same function twice, and removes exactly the one that is meant', () => {
    const list = new HookList();
    const calls: number[] = [];
    const hook = (): void => { calls.push(1); };
    const removeFirst = list.add(hook);
    list.add(hook);
    removeFirst();
    removeFirst();
    for (const bound of list.bind({})) bound.call(context());
    expect([list.size, calls]).toEqual([1, [1]]);
  });

  it('says of a bound hook that it was removed since', () => {
    const list = new HookList();
    const remove = list.add(() => undefined);
    const [bound] = list.bind({});
    expect(bound?.isActive()).toBe(true);
    remove();
    expect(bound?.isActive()).toBe(false);
  });

  it('does not bind what is added later', () => {
    const list = new HookList();
    list.add(() => undefined);
    const bound = list.bind({});
    list.add(() => undefined);
    expect([bound.length, list.size]).toEqual([1, 2]);
  });
});
