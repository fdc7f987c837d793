import { describe, expect, it } from 'vitest';
import { decideCall, mayEverCall, narrowPolicy } from '../../src/lib/task-system/policy/ToolPolicy.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';

function decide(policy: PolicyOptions, tool: string, input: JsonValue = {}) {
  return decideCall(resolvePolicy(policy, 'p'), tool, input);
}

describe('decideCall: ask', () => {
  it('asks for what no allow matches, and names the rule', () => {
    expect(decide({ ask: ['shell.*'] }, 'shell.run', { command: ['ls'] })).toEqual({
      decision: 'ask', rule: 'p.ask[0]', reason: 'asked for by the rule shell.*', scope: 'p: shell.*', limits: {},
    });
  });

  it('asks for what an allow matches', () => {
    expect(decide({ allow: ['*'], ask: ['shell.run'] }, 'shell.run')).toMatchObject({ decision: 'ask' });
  });

  it('leaves the rest to allow and deny', () => {
    expect(decide({ ask: ['shell.*'] }, 'fs.read')).toMatchObject({ decision: 'allow' });
    expect(decide({ ask: ['shell.*'] }, 'http.fetch')).toMatchObject({ decision: 'deny' });
  });

  it('denies what a deny matches, whatever asks', () => {
    expect(decide({ ask: ['shell.run'], deny: [{ tool: 'shell.run', commands: ['rm'] }] }, 'shell.run', { command: ['rm', 'x'] })).toMatchObject({ decision: 'deny', rule: 'p.deny[0]' });
  });

  it('asks for no host that the task may not reach, and for no path of a project that it may not see', () => {
    expect(decide({ ask: ['*'] }, 'http.fetch', { url: 'https://a.example' })).toMatchObject({ decision: 'deny', rule: 'p.network.hosts' });
    expect(decide({ ask: ['*'] }, 'fs.read', { path: 'project:a' })).toMatchObject({ decision: 'deny', rule: 'p.project' });
  });

  it('asks for no call beyond a limit of none', () => {
    expect(decide({ ask: ['pay'], limits: { pay: { maxCalls: 0 } } }, 'pay')).toMatchObject({ decision: 'deny', rule: 'p.limits' });
  });

  it('asks for what could be meant, where it would be allowed otherwise', () => {
    const policy: PolicyOptions = { allow: ['shell.run', 'fs.*'], ask: [{ tool: 'shell.run', commands: ['rm'] }, { tool: 'fs.write', paths: ['etc/**'] }] };
    expect(decide(policy, 'shell.run', { script: 'rm x' })).toMatchObject({ decision: 'ask', rule: 'p.ask[0]' });
    expect(decide(policy, 'shell.run', { command: ['/bin/RM', 'x'] })).toMatchObject({ decision: 'ask' });
    expect(decide(policy, 'fs.write', { paths: ['a', 'etc/b'] })).toMatchObject({ decision: 'ask' });
    expect(decide(policy, 'shell.run', { command: ['ls'] })).toMatchObject({ decision: 'allow' });
  });

  it('does not ask for what could be meant, where nothing else allows it', () => {
    expect(decide({ ask: [{ tool: 'shell.run', commands: ['git'] }] }, 'shell.run', { script: 'git log' })).toMatchObject({ decision: 'deny' });
    expect(decide({ allow: [], ask: [{ tool: 'fs.read', paths: ['a/**'] }] }, 'fs.read', { paths: ['a/b', 'c'] })).toMatchObject({ decision: 'deny' });
  });

  it('gives no scope to a call that does not fit the rule as a whole', () => {
    expect(decide({ allow: ['shell.run'], ask: [{ tool: 'shell.run', commands: ['rm'] }] }, 'shell.run', { script: 'ls' }).scope).toBeUndefined();
  });

  it('gives no scope of a wide rule to a call that a narrow one before it could mean', () => {
    const policy: PolicyOptions = { ask: [{ tool: 'shell.run', commands: ['rm'] }, 'shell.run'] };
    expect(decide(policy, 'shell.run', { command: ['ls'] })).toMatchObject({ rule: 'p.ask[1]', scope: 'p: shell.run' });
    const script = decide(policy, 'shell.run', { script: 'ls' });
    expect(script).toMatchObject({ decision: 'ask', rule: 'p.ask[0]' });
    expect(script.scope).toBeUndefined();
  });

  it('keeps the scope when rules are put in another order', () => {
    const [a, b] = [decide({ ask: ['pay', 'look'] }, 'pay'), decide({ ask: ['look', 'pay'] }, 'pay')];
    expect([a.scope, a.rule]).toEqual([b.scope, 'p.ask[0]']);
    expect(b.rule).toBe('p.ask[1]');
  });

  it('gives the limits of the call', () => {
    expect(decide({ ask: ['pay'], limits: { pay: { maxCalls: 2, timeoutMs: 5 } } }, 'pay').limits).toEqual({ maxCalls: 2, timeoutMs: 5 });
  });
});

describe('narrowPolicy: ask', () => {
  const parent = resolvePolicy({ ask: ['pay'] }, 'parent');

  it('asks where the parent does, though the child allows', () => {
    expect(decideCall(narrowPolicy(parent, resolvePolicy({ allow: ['pay'] }, 'child')), 'pay', {})).toMatchObject({ decision: 'ask', rule: 'parent.ask[0]', scope: 'parent: pay' });
  });

  it('denies what the child does not allow, though the parent asks', () => {
    expect(decideCall(narrowPolicy(parent, resolvePolicy({ allow: [] }, 'child')), 'pay', {})).toMatchObject({ decision: 'deny', rule: 'child.allow' });
  });

  it('asks once for both, in a scope of both', () => {
    const both = decideCall(narrowPolicy(parent, resolvePolicy({ ask: ['*'] }, 'child')), 'pay', {});
    expect(both).toMatchObject({ decision: 'ask', rule: 'parent.ask[0], child.ask[0]', reason: 'asked for by the rule pay, asked for by the rule *', scope: 'child: * + parent: pay' });
  });

  it('has no scope when one of both has none', () => {
    const loose = resolvePolicy({ allow: ['shell.run'], ask: [{ tool: 'shell.run', commands: ['rm'] }] }, 'child');
    expect(decideCall(narrowPolicy(resolvePolicy({ ask: ['shell.run'] }, 'parent'), loose), 'shell.run', { script: 'x' }).scope).toBeUndefined();
  });
});

describe('mayEverCall: ask', () => {
  it('counts what is asked for', () => {
    expect(mayEverCall(resolvePolicy({ ask: ['shell.*'] }, 'p'), 'shell.run')).toBe(true);
    expect(mayEverCall(resolvePolicy({ ask: ['shell.*'], deny: ['shell.run'] }, 'p'), 'shell.run')).toBe(false);
  });
});
