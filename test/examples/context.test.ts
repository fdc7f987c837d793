import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

describe('examples/context.ts', { timeout: 600_000 }, () => {
  it('runs three tasks, and the third knows what the first two did', async () => {
    const folder = await makeFolder();
    const app = runExample('context.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    const results = [...app.output().matchAll(/^ {2}(\{.*\})$/gm)].map(([, json = '']) => JSON.parse(json) as unknown);
    expect(results).toEqual([
      { knows: [], isToldWhatTheProjectIs: true },
      { knows: ['how bees dance'], isToldWhatTheProjectIs: true },
      { knows: ['how bees dance', 'what bees eat'], isToldWhatTheProjectIs: true },
    ]);
    expect(app.output().match(/^ {2}\+ - .* study completed \(noted\): Studied /gm)).toHaveLength(3);
    expect(app.output()).toMatch(/told SOUL\.md: (\d+) of \1 tokens/);
    expect(app.output()).toContain('what a person wrote is untouched: true');
  });
});
