import { describe, expect, it } from 'vitest';
import { ToolAttempt } from '../../src/lib/task-system/core/ToolAttempt.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';
import { makeRecord } from './makers.ts';
import { settle } from './toolPair.ts';

function open(stop = new AbortController()) {
  const [events, clock] = [[] as EventDraft[], new FakeClock()];
  const record = (drafts: readonly EventDraft[]): Promise<boolean> => { events.push(...drafts); return Promise.resolve(true); };
  const attempt = new ToolAttempt({ task: makeRecord({ attempt: 2 }), signal: stop.signal, record }, clock, () => undefined);
  return { attempt, events, clock, stop };
}

const ids = (events: readonly EventDraft[]): readonly unknown[] => events.map(({ data }) => ('callId' in data ? data.callId : undefined));

describe('ToolAttempt', () => {
  it('names calls by attempt and number', async () => {
    const { attempt, events } = open();
    expect([attempt.begin('a', null, 'task'), attempt.begin('b', null, 'host')]).toEqual(['2-1', '2-2']);
    await settle();
    expect(ids(events)).toEqual(['2-1', '2-2']);
  });

  it('tells how long a call took, and never a negative time', async () => {
    const { attempt, events, clock } = open();
    const id = attempt.begin('a', null, 'task');
    clock.advance(7);
    attempt.finish(id, 'task', { outcome: 'ok' });
    await settle();
    expect(events[1]?.data).toEqual({ callId: id, tool: 'a', durationMs: 7, outcome: 'ok' });
  });

  it('counts what runs in the host', () => {
    const { attempt } = open();
    const id = attempt.begin('a', null, 'host');
    attempt.begin('b', null, 'task');
    expect(attempt.hosted).toBe(1);
    attempt.finish(id, 'host', { outcome: 'ok' });
    expect(attempt.hosted).toBe(0);
  });

  it('does not end a call from the wrong side', async () => {
    const { attempt, events } = open();
    attempt.finish(attempt.begin('a', null, 'host'), 'task', { outcome: 'ok' });
    attempt.finish(attempt.begin('b', null, 'task'), 'host', { outcome: 'ok' });
    await settle();
    expect(events.map(({ type }) => type)).toEqual(['task:tool:start', 'task:tool:start']);
  });

  it('is full with 256 calls that have not ended', () => {
    const { attempt } = open();
    const first = attempt.begin('a', null, 'task');
    for (let index = 1; index < 255; index++) attempt.begin('a', null, 'task');
    expect(attempt.isFull).toBe(false);
    attempt.begin('a', null, 'task');
    expect(attempt.isFull).toBe(true);
    attempt.finish(first, 'task', { outcome: 'ok' });
    expect(attempt.isFull).toBe(false);
  });

  it('tells of a call that was refused as of one that took no time', async () => {
    const { attempt, events } = open();
    attempt.refuse('a', { x: 1 }, { outcome: 'denied', rule: 'r', message: 'm' });
    await settle();
    expect(events).toEqual([
      { type: 'task:tool:start', data: { callId: '2-1', tool: 'a', input: { x: 1 } } },
      { type: 'task:tool:end', data: { callId: '2-1', tool: 'a', durationMs: 0, outcome: 'denied', rule: 'r', message: 'm' } },
    ]);
    expect(attempt.isFull).toBe(false);
  });

  it('ends what is open when the attempt is over, in the turn in which that is known', () => {
    const { attempt, events, stop } = open();
    attempt.begin('a', null, 'task');
    attempt.begin('b', null, 'host');
    stop.abort();
    expect(events.map(({ type }) => type)).toEqual(['task:tool:start', 'task:tool:start', 'task:tool:end', 'task:tool:end']);
    expect([attempt.isOver, attempt.hosted]).toEqual([true, 0]);
  });

  it('is over from the beginning where the attempt is', () => {
    const stop = new AbortController();
    stop.abort();
    expect(open(stop).attempt.isOver).toBe(true);
  });

  it('says nothing more of a call that it has ended', () => {
    const { attempt, events, stop } = open();
    const id = attempt.begin('a', null, 'host');
    stop.abort();
    attempt.finish(id, 'host', { outcome: 'ok' });
    expect(events).toHaveLength(2);
  });

  it('counts each tool by itself, up to its most', () => {
    const { attempt } = open();
    expect([attempt.count('a', 2), attempt.count('b', 1), attempt.count('a', 2), attempt.count('a', 2), attempt.count('b', 1)]).toEqual([true, true, true, false, false]);
  });

  it('counts nothing where there is no most, and allows nothing where it is 0', () => {
    const { attempt } = open();
    expect([attempt.count('a', undefined), attempt.count('a', 0), attempt.count('a', 1)]).toEqual([true, false, true]);
  });

  it('does not count names without end, which come from the task', () => {
    const { attempt } = open();
    for (let index = 0; index < 1_024; index++) expect(attempt.count(`t${String(index)}`, 5)).toBe(true);
    expect(attempt.count('one-more', 5)).toBe(false);
    expect(attempt.count('t7', 5)).toBe(true);
  });
});
