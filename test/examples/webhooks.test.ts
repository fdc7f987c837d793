import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

describe('examples/webhooks.ts', { timeout: 600_000 }, () => {
  it('tells how tasks end, under an old and a new secret, and refuses a forgery', async () => {
    const folder = await makeFolder();
    const app = runExample('webhooks.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    const lines = app.output().split('\n').filter((line) => line.startsWith('  '));
    expect(lines).toEqual([
      expect.stringMatching(/^ {2}received task\.complete: \{.*"title":"one"/),
      '  answered 401',
      expect.stringMatching(/^ {2}received task\.complete: \{.*"title":"two"/),
      expect.stringMatching(/^ {2}received task\.complete: \{.*"title":"three"/),
      '  received webhook.test',
      '  answered 204',
    ]);
  });
});
