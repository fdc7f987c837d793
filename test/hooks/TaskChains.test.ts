import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TaskChains, type ChainJob } from '../../src/lib/task-system/hooks/TaskChains.ts';

/** A job that ends when it is told to. */
function gated(log: string[], name: string, conflates = false): ChainJob & { readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return {
    conflates,
    open: () => { resolve(undefined); },
    run: async () => {
      log.push(`${name} begins`);
      await promise;
      log.push(`${name} ends`);
    },
  };
}

describe('TaskChains', () => {
  it('starts nothing within push', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    const job = gated(log, 'a');
    chains.push('task', job);
    expect(log).toEqual([]);
    job.open();
    await chains.idle();
    expect(log).toEqual(['a begins', 'a ends']);
  });

  it('runs the jobs of one task one after the other', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    const jobs = ['a', 'b', 'c'].map((name) => gated(log, name));
    for (const job of jobs) chains.push('task', job);
    for (const job of jobs.toReversed()) job.open();
    await chains.idle();
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('runs the jobs of different tasks side by side', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    const [first, second] = [gated(log, 'a'), gated(log, 'b')];
    chains.push('one', first);
    chains.push('two', second);
    second.open();
    first.open();
    await chains.idle();
    expect(log.slice(0, 2)).toEqual(['a begins', 'b begins']);
  });

  it('replaces a waiting job by a newer one of its kind', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    const jobs = [gated(log, 'running', true), gated(log, 'old', true), gated(log, 'new', true)];
    chains.push('task', jobs[0] ?? gated(log, ''));
    await Promise.resolve();
    for (const job of jobs.slice(1)) chains.push('task', job);
    for (const job of jobs) job.open();
    await chains.idle();
    expect(log).toEqual(['running begins', 'running ends', 'new begins', 'new ends']);
  });

  it('replaces none across a job of another kind', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    const jobs = [gated(log, 'first'), gated(log, 'a', true), gated(log, 'between'), gated(log, 'b', true)];
    for (const job of jobs) {
      chains.push('task', job);
      job.open();
    }
    await chains.idle();
    expect(log.filter((line) => line.endsWith('begins'))).toEqual(['first begins', 'a begins', 'between begins', 'b begins']);
  });

  it('drops what has not started, says how many, and lets the running one finish', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    const jobs = ['a', 'b', 'c'].map((name) => gated(log, name));
    for (const job of jobs) chains.push('task', job);
    await Promise.resolve();
    expect(chains.clear()).toBe(2);
    for (const job of jobs) job.open();
    await chains.idle();
    expect(log).toEqual(['a begins', 'a ends']);
  });

  it('takes jobs again after it was idle', async () => {
    const log: string[] = [];
    const chains = new TaskChains();
    for (const name of ['a', 'b']) {
      const job = gated(log, name);
      chains.push('task', job);
      job.open();
      await chains.idle();
    }
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('runs every job exactly once, in order per task, however they come', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 }), async (tasks) => {
      const chains = new TaskChains();
      const done: (readonly [number, number])[] = [];
      for (const [index, task] of tasks.entries()) chains.push(String(task), { conflates: false, run: async () => { await Promise.resolve(); done.push([task, index]); } });
      await chains.idle();
      expect(done).toHaveLength(tasks.length);
      for (const task of new Set(tasks)) {
        const order = done.filter(([one]) => one === task).map(([, index]) => index);
        expect(order).toEqual(order.toSorted((left, right) => left - right));
      }
    }));
  });
});
