import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

describe('examples/policy.ts', { timeout: 600_000 }, () => {
  it('does what its policy allows, is denied the rest, and shows no secret', async () => {
    const folder = await makeFolder();
    const app = runExample('policy.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    const result: unknown = JSON.parse(/^\{.*\}$/m.exec(app.output())?.[0] ?? 'null');
    expect(result).toEqual({
      pages: ['README.md'],
      words: { words: 6 },
      customer: { id: 'c-1', name: 'Ada', askedFor: 'bees', debug: 'called with [redacted]' },
      denied: ['fs.read', 'fs.write', 'fs.read', 'http.fetch', 'crm.delete'],
      mayUse: ['crm_find', 'fs_edit', 'fs_list', 'fs_read', 'fs_remove', 'fs_search', 'fs_stat', 'fs_write', 'text_count'],
    });
    expect(app.output().match(/^ {2}ok /gm)).toHaveLength(5);
    expect(app.output().match(/^ {2}denied (.*)$/gm)).toEqual([
      '  denied fs.read (tasks.survey.policy.deny[0])', '  denied fs.write (default)', '  denied fs.read (input)',
      expect.stringMatching(/^ {2}denied http\.fetch \(/), '  denied crm.delete (tasks.survey.policy.allow)',
    ]);
    expect(app.output()).toContain('why: deny by tasks.survey.policy.deny[0]: ');
    expect(app.output()).not.toMatch(/4711|do-not-show-me/);
  });
});
