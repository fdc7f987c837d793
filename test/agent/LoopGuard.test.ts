import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoopGuard } from '../../src/lib/task-system/agent/LoopGuard.ts';

/** Makes a call if it is not refused. */
function make(guard: LoopGuard, tool: string, input: unknown, result: unknown, isError = false): string | undefined {
  const refusal = guard.refusal(tool, input);
  if (refusal === undefined) guard.note(tool, input, result, isError);
  return refusal;
}

function repeat(times: number, work: (index: number) => void): void {
  for (let index = 0; index < times; index++) work(index);
}

describe('LoopGuard', () => {
  it('has nothing to say of an agent that gets on', () => {
    const guard = new LoopGuard();
    repeat(40, (index) => { make(guard, 'fs.read', { path: `file${String.fromCharCode(97 + index)}` }, `text ${String(index)}`); });
    expect([guard.warning, guard.verdict]).toEqual([undefined, undefined]);
  });

  it('warns of the same call with the same result', () => {
    const guard = new LoopGuard();
    repeat(2, () => { make(guard, 'fs.read', { path: 'a' }, 'text'); });
    expect(guard.warning).toBeUndefined();
    make(guard, 'fs.read', { path: 'a' }, 'text');
    expect(guard.warning).toBe('You are going in circles: fs.read was called 3 times with the same input, and gave the same result. Change your approach.');
  });

  it('does not care for the order of keys', () => {
    const guard = new LoopGuard();
    make(guard, 'add', { a: 1, b: { c: 2, d: 3 } }, 6);
    make(guard, 'add', { b: { d: 3, c: 2 }, a: 1 }, 6);
    make(guard, 'add', { a: 1, b: { d: 3, c: 2 } }, 6);
    expect(guard.warning).toContain('3 times with the same input');
  });

  it('lets a call be repeated whose result changes', () => {
    const guard = new LoopGuard();
    repeat(30, (index) => { make(guard, 'status', {}, `at ${String(index)}`); });
    expect([guard.warning, guard.verdict]).toEqual([undefined, undefined]);
  });

  it('refuses such a call after a while, and no other', () => {
    const guard = new LoopGuard();
    repeat(5, () => { make(guard, 'fs.read', { path: 'a' }, 'text'); });
    expect(guard.refusal('fs.read', { path: 'a' })).toContain('5 times with the same input');
    expect(guard.refusal('fs.read', { path: 'b' })).toBeUndefined();
    expect(guard.refusal('fs.list', { path: 'a' })).toBeUndefined();
  });

  it('ends the run of who does not listen', () => {
    const guard = new LoopGuard();
    let calls = 0;
    while (guard.verdict === undefined && calls < 100) {
      make(guard, 'fs.read', { path: 'a' }, 'text');
      calls++;
    }
    expect([calls, guard.verdict]).toEqual([8, expect.stringContaining('although such calls are refused')]);
  });

  it('forgives who does something new after a refusal', () => {
    const guard = new LoopGuard();
    repeat(7, () => { make(guard, 'fs.read', { path: 'a' }, 'text'); });
    make(guard, 'fs.list', {}, 'something new');
    make(guard, 'fs.read', { path: 'a' }, 'text');
    expect(guard.verdict).toBeUndefined();
  });

  it.each([
    ['numbers', (index: number) => ({ page: index })],
    ['spaces', (index: number) => ({ query: `bees${' '.repeat(index + 1)}and honey` })],
    ['capitals', (index: number) => ({ query: index % 2 === 0 ? 'Bees and Honey' : 'bees AND honey' })],
    ['line breaks', (index: number) => ({ query: `bees${'\n'.repeat(index + 1)}and honey` })],
  ])('sees through calls that differ in %s only', (_what, inputOf) => {
    const guard = new LoopGuard();
    let calls = 0;
    while (guard.verdict === undefined && calls < 100) make(guard, 'search', inputOf(calls++), 'nothing found');
    expect(calls).toBeLessThan(20);
    expect(guard.verdict).toContain('search was called');
  });

  it('gives calls that only look alike more time than the same one', () => {
    const guard = new LoopGuard();
    repeat(5, (index) => { make(guard, 'search', { page: index }, 'nothing'); });
    expect(guard.warning).toBeUndefined();
    make(guard, 'search', { page: 6 }, 'nothing');
    expect(guard.warning).toContain('nearly the same input');
  });

  it('sees two calls that take turns', () => {
    const guard = new LoopGuard({ warnAt: 3, blockAt: 4, stopAt: 6 });
    repeat(3, () => {
      make(guard, 'open', {}, 'opened');
      make(guard, 'shut', {}, 'shut');
    });
    expect(guard.warning).toContain('3 times');
    repeat(1, () => {
      make(guard, 'open', {}, 'opened');
      make(guard, 'shut', {}, 'shut');
    });
    expect([guard.refusal('open', {}), guard.refusal('shut', {})]).toEqual([expect.any(String), expect.any(String)]);
  });

  it('ends a run of failures only', () => {
    const guard = new LoopGuard();
    let calls = 0;
    while (guard.verdict === undefined && calls < 100) {
      make(guard, `tool${String.fromCharCode(97 + calls % 26)}`, { at: String.fromCharCode(97 + calls) }, `error ${String(calls)}`, true);
      calls++;
    }
    expect([calls, guard.verdict]).toEqual([16, 'the last 16 calls have failed']);
  });

  it('counts failures from the last success', () => {
    const guard = new LoopGuard();
    repeat(60, (index) => { make(guard, 'try', { at: 'x'.repeat(index) }, `result ${String(index)}`, index % 10 !== 9); });
    expect(guard.verdict).toBeUndefined();
  });

  it('remembers a bounded number of calls', () => {
    const guard = new LoopGuard();
    repeat(4, () => { make(guard, 'a', {}, 'same'); });
    repeat(60, (index) => { make(guard, 'b', { at: 'x'.repeat(index) }, String(index)); });
    expect(make(guard, 'a', {}, 'same')).toBeUndefined();
    expect(guard.warning).toBeUndefined();
  });

  it('ends every run that repeats a round of up to two calls for ever', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 2 }), fc.string()), { minLength: 1, maxLength: 2 }), (round) => {
      const guard = new LoopGuard();
      let calls = 0;
      while (guard.verdict === undefined && calls < 60) {
        const [tool, input, result] = round[calls++ % round.length] ?? ['a', null, ''];
        make(guard, tool, input, result);
      }
      expect(guard.verdict).toBeDefined();
    }));
  });

  it('never warns of results that are all different', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.jsonValue({ maxDepth: 1 })), { maxLength: 80 }), (calls) => {
      const guard = new LoopGuard();
      const refusals = calls.map(([tool, input], index) => make(guard, tool, input, `result ${String(index)}`));
      expect([guard.warning, guard.verdict, ...refusals.filter((refusal) => refusal !== undefined)]).toEqual([undefined, undefined]);
    }));
  });
});
