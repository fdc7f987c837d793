import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

describe('examples/approvals.ts', { timeout: 600_000 }, () => {
  it('removes what was allowed, keeps what was denied, and says who said what', async () => {
    const folder = await makeFolder();
    const app = runExample('approvals.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    expect(JSON.parse(/^\{.*\}$/m.exec(app.output())?.[0] ?? 'null')).toEqual({ kept: ['letters.md'], left: ['draft.md', 'letters.md'] });
    expect(app.output().match(/^ {2}(?:allowed|denied) by .*$/gm)).toEqual(['  allowed by the example: fs.remove', '  denied by the example: fs.remove']);
    expect(app.output()).toMatch(/letters\.md stays: .*denied by the example: it may still be needed/);
  });
});
