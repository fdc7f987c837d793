import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

describe('examples/agent.ts', { timeout: 600_000 }, () => {
  it('mends the program with a scripted model, and says that it is one', async () => {
    const folder = await makeFolder();
    const app = runExample('agent.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    expect(app.output()).toContain('The model is a script');
    expect(app.output()).toContain('"isMended": true');
    // What is stored and what is only told take their own ways: the last progress can be seen before the end of the last call.
    expect(app.output()).toMatch(/fs\.read: ok[^]*fs\.write: ok/);
    expect(app.output()).toContain('100 % all steps are done');
    expect(app.output()).toContain('remembered: completed (noted): The loop began with the second item');
  });
});
