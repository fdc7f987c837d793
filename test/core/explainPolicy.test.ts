import { describe, expect, it } from 'vitest';
import { thrownBy } from '../support/thrown.ts';
import { openSystem, testOptions } from './support.ts';

describe('tasks.explainPolicy', () => {
  it('names the rule that decides', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': { policy: { allow: ['fs.*'], deny: [{ tool: 'fs.write', paths: ['secret/**'] }] } } }));
    expect(system.explainPolicy('echo', 'fs.write', { path: 'a.txt' })).toMatchObject({ decision: 'allow', rule: 'tasks.echo.policy.allow[0]' });
    expect(system.explainPolicy('echo', 'fs.write', { path: 'secret/a.txt' })).toMatchObject({ decision: 'deny', rule: 'tasks.echo.policy.deny[0]' });
    expect(system.explainPolicy('echo', 'shell.run')).toMatchObject({ decision: 'deny', rule: 'tasks.echo.policy.allow' });
  });

  it('refuses a type that there is not', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    expect(thrownBy(() => system.explainPolicy('ehco', 'fs.read')).code).toBe('TASK_TYPE_UNKNOWN');
  });
});
