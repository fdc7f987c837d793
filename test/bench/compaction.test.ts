import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readChat, textOf, type ChatMessage } from '../../bench/compaction/Chat.ts';
import { evaluate } from '../../bench/compaction/evaluate.ts';
import { ours, peers } from '../../bench/compaction/methods.ts';
import { joinCases, readCases } from '../../bench/compaction/readCases.ts';
import { violationsOf } from '../../bench/compaction/violations.ts';
import { bootstrap, meanOf } from '../../bench/lib/bootstrap.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';

const cases = await readCases(path.resolve(import.meta.dirname, '../../bench/data/tau-bench-airline'));
const call = (id: string, input: object): ChatMessage => ({ role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: 'look', arguments: JSON.stringify(input) } }] });
const result = (id: string, content: string): ChatMessage => ({ role: 'tool', content, tool_call_id: id });
const says = (role: string, content: string): ChatMessage => ({ role, content });
const TALK = [says('system', 'Help.'), says('user', 'one'), call('a', { q: 1 }), result('a', 'found AB-12'), says('assistant', 'AB-12?'), says('user', 'two')];

describe('compaction of real conversations', () => {
  it.each([[0.5, 0.9], [0.25, 0.75], [0.1, 0.55]])('at system + %d of the history keeps more than %d of what is needed later, and breaks no rule', async (share, mark) => {
    const { recalls, violations, refusals } = await evaluate(ours, cases, share);
    expect({ violations, refusals }).toEqual({ violations: { budget: 0, pairing: 0, pins: 0, order: 0 }, refusals: 0 });
    expect(meanOf(recalls)).toBeGreaterThan(mark);
  });

  it.each(peers.map((peer) => [peer.name, peer] as const))('is at least 15 points above %s at half of the history, if that keeps the budget', async (_name, peer) => {
    const { recalls, violations } = await evaluate(peer, cases, 0.5);
    expect(recalls).toHaveLength(cases.length);
    if (violations.budget === 0) expect(meanOf((await evaluate(ours, cases, 0.5)).recalls) - meanOf(recalls)).toBeGreaterThanOrEqual(0.15);
  });

  it('holds on when ten of them are one', async () => {
    const long = joinCases(cases, 10);
    expect(long).toHaveLength(2);
    const { recalls, violations } = await evaluate(ours, long, 0.1);
    expect(violations).toEqual({ budget: 0, pairing: 0, pins: 0, order: 0 });
    expect(meanOf(recalls)).toBeGreaterThan(0.55);
  });
});

describe('violationsOf', () => {
  const rest = (...gone: readonly number[]): readonly ChatMessage[] => TALK.filter((_, place) => !gone.includes(place));

  it.each([
    ['nothing that is as it was', TALK, []],
    ['a call that went with its result', rest(2, 3), []],
    ['a result without its call', rest(2), ['pairing']],
    ['a call without its result', rest(3), ['pairing']],
    ['a result before its call', [...TALK.slice(0, 2), ...TALK.slice(2, 4).toReversed(), ...TALK.slice(4)], ['pairing', 'order']],
    ['the system lost', rest(0), ['pins']],
    ['the first words of the user lost', rest(1), ['pins']],
    ['the last words of the user changed', [...rest(5), says('user', 'two!')], ['pins']],
    ['another order', [...rest(4).slice(0, 1), says('assistant', 'AB-12?'), ...rest(4).slice(1)], ['order']],
  ])('sees %s', (_what, after, broken) => {
    expect(violationsOf(TALK, after, 10_000)).toEqual(broken);
  });

  it('sees that the budget is broken', () => { expect(violationsOf(TALK, TALK, 10)).toEqual(['budget']); });
});

describe('readCases', () => {
  it('cuts at a user past the middle and needs what later calls repeat, but for what nobody said or only the system', async () => {
    const folder = temporaryDirectory();
    const later = [...TALK, call('b', { code: 'AB-12', made: 'ZZ-99', rule: 'Help.', short: 'on' }), result('b', 'ok')];
    writeFiles(folder, { 'a.json': JSON.stringify([{ traj: later }, later, { messages: TALK }]), 'README.md': 'no' });
    const found = await readCases(folder);
    expect(found.map(({ name, needed, messages }) => [name, needed, messages.length])).toEqual([['a.json#0', ['AB-12'], 6], ['a.json#1', ['AB-12'], 6]]);
  });

  it('reads what is told in arguments that are no JSON', () => {
    const [message] = readChat([{ role: 'assistant', content: null, tool_calls: [{ id: 'a', function: { name: 'f', arguments: 'AB-12 {' } }] }]);
    expect(textOf(message === undefined ? [] : [message])).toContain('AB-12 {');
  });
});

describe('bootstrap', () => {
  it('gives the mean, and an interval around it that is the same in each run', () => {
    const samples = [0, 1, 1, 1, 0, 1, 1, 0.5];
    const { median, low, high } = bootstrap(samples);
    expect(median).toBe(meanOf(samples));
    expect(low).toBeLessThan(median);
    expect(high).toBeGreaterThan(median);
    expect(bootstrap(samples)).toEqual({ median, low, high, count: 8 });
  });
});
