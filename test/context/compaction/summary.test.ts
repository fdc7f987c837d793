import { describe, expect, it } from 'vitest';
import { askForSummary, type Summarize } from '../../../src/lib/task-system/context/compaction/summary.ts';
import { createTokenCounter } from '../../../src/lib/task-system/context/TokenCounter.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';

const counter = createTokenCounter({ countTokens: (text) => text.length });

async function ask(summarize: Summarize<string>, maxTokens = 100, clock = new FakeClock()): Promise<unknown> {
  return askForSummary(summarize, ['m'], { maxTokens, timeoutMs: 50, counter, clock });
}

describe('askForSummary', () => {
  it('gives the summary without the space around it', async () => {
    expect(await ask(() => ' they agreed\n')).toEqual({ outcome: 'used', text: 'they agreed' });
  });

  it('hands on the messages and the tokens that it may take', async () => {
    const seen: unknown[] = [];
    await ask(({ messages, maxTokens }) => { seen.push(messages, maxTokens); return 'x'; }, 7);
    expect(seen).toEqual([['m'], 7]);
  });

  it('does not even ask where there is no room', async () => {
    let calls = 0;
    expect([await ask(() => { calls++; return 'x'; }, 0), calls]).toEqual([{ outcome: 'no-room' }, 0]);
  });

  it('fails where the asked one throws', async () => {
    expect(await ask(() => { throw new TypeError('no'); })).toEqual({ outcome: 'failed' });
  });

  it('fails where the asked one rejects', async () => {
    expect(await ask(async () => Promise.reject(new TypeError('no')))).toEqual({ outcome: 'failed' });
  });

  it('takes an empty text for a failure', async () => {
    expect(await ask(() => ' \n')).toEqual({ outcome: 'failed' });
  });

  it('refuses a summary that is longer than it may be as it will be written', async () => {
    expect([await ask(() => 'x'.repeat(8), 10), await ask(() => 'x'.repeat(9), 10)]).toEqual([{ outcome: 'used', text: 'xxxxxxxx' }, { outcome: 'too-long' }]);
  });

  it('waits no longer than it may, and tells the asked one by its signal', async () => {
    const clock = new FakeClock();
    let aborted = false;
    const outcome = ask(async ({ signal }) => new Promise(() => { signal.addEventListener('abort', () => { aborted = true; }); }), 100, clock);
    clock.advance(50);
    expect([await outcome, aborted]).toEqual([{ outcome: 'timeout' }, true]);
  });

  it('leaves no timer behind', async () => {
    const clock = new FakeClock();
    let signal: AbortSignal | undefined;
    await ask((request) => { ({ signal } = request); return 'x'; }, 100, clock);
    clock.advance(1_000);
    expect(signal?.aborted).toBe(false);
  });
});
