import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

describe('examples/frameworks.ts', { timeout: 600_000 }, () => {
  it('answers the same with each framework, by the model and a tool of the host and the notes of the project', async () => {
    const folder = await makeFolder();
    const app = runExample('frameworks.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    for (const name of ['AI SDK', 'OpenAI Agents JS', 'LangChain']) expect(app.output()).toContain(`  stock.find: ok\n${name}: There are 1250 screws in stock.\n`);
  });
});
