import { describe, expect, it } from 'vitest';
import { decideCall, mayEverCall, narrowPolicy } from '../../src/lib/task-system/policy/ToolPolicy.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { PolicyDecision, PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';

function decide(options: PolicyOptions | undefined, tool: string, input: JsonValue = {}): PolicyDecision {
  return decideCall(resolvePolicy(options, 'tasks.a.policy'), tool, input);
}

function verdict(options: PolicyOptions | undefined, tool: string, input: JsonValue = {}): string {
  return decide(options, tool, input).decision;
}

describe('decideCall', () => {
  it.each([['fs.read', 'allow'], ['fs.write', 'allow'], ['memory.add', 'allow'], ['shell.run', 'deny'], ['http.fetch', 'deny'], ['anything', 'deny'], ['fs', 'deny'], ['xfs.read', 'deny']])('without a policy: %s -> %s', (tool, expected) => {
    expect(verdict(undefined, tool, { path: 'a' })).toBe(expected);
  });

  it('lets a deny win over any allow, and names it', () => {
    expect(decide({ allow: ['*', 'fs.read'], deny: ['x', 'fs.r*'] }, 'fs.read')).toMatchObject({ decision: 'deny', rule: 'tasks.a.policy.deny[1]', reason: 'denied by the rule fs.r*' });
  });

  it('denies what nothing matches, and names where it looked', () => {
    expect(decide({ allow: [] }, 'fs.read')).toMatchObject({ decision: 'deny', rule: 'tasks.a.policy.allow' });
    expect(decide({ deny: ['x'] }, 'shell.run')).toMatchObject({ decision: 'deny', rule: 'default' });
  });

  it('names the rule that allows', () => {
    expect(decide({ allow: ['a', 'fs.*'] }, 'fs.read')).toMatchObject({ decision: 'allow', rule: 'tasks.a.policy.allow[1]', reason: 'allowed by the rule fs.*' });
    expect(decide(undefined, 'fs.read')).toMatchObject({ decision: 'allow', rule: 'default' });
  });

  it('denies when deciding fails', () => {
    const input = { get path(): never { throw new Error('no'); } };
    expect(decide({ allow: ['*'] }, 'fs.read', input)).toMatchObject({ decision: 'deny', rule: 'error' });
    const broken = { ...resolvePolicy({ allow: ['*'] }, 'p'), network: { get hosts(): never { throw new Error('no'); } } };
    expect(decideCall(broken, 'http.fetch', { url: 'http://a.example' })).toMatchObject({ decision: 'deny', rule: 'error' });
  });

  it('denies when there is no layer at all', () => {
    expect(decideCall({ layers: [], network: { hosts: [] }, project: 'none', approvalTimeoutMs: 1 }, 'fs.read', {})).toMatchObject({ decision: 'deny' });
  });
});

describe('decideCall: paths', () => {
  const only: PolicyOptions = { allow: [{ tool: 'fs.*', paths: ['reports/**', '*.md'] }] };

  it.each([['reports/a.txt', 'allow'], ['reports', 'allow'], ['./reports//a/b', 'allow'], ['a.md', 'allow'], ['x/../a.md', 'allow'], ['a/b.md', 'deny'], ['other', 'deny'], ['reports/../x', 'deny'], ['.', 'deny']])('%s -> %s', (path, expected) => {
    expect(verdict(only, 'fs.read', { path })).toBe(expected);
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', '~/x', 'C:\\x', 'a\\..\\..\\x', 'a\0b', 'project:../x', 'project:/etc'])('refuses %j whatever is allowed', (path) => {
    expect(decide({ allow: ['*'], project: 'read' }, 'fs.read', { path })).toMatchObject({ decision: 'deny', rule: 'input' });
  });

  it.each<[JsonValue]>([[7], [null], [['a']], [{}]])('refuses the path %j, which is no text', (path) => {
    expect(verdict({ allow: ['*'] }, 'fs.read', { path })).toBe('deny');
  });

  it('wants every path of a call to fit an allow, and any to fit a deny', () => {
    const paths = ['reports/a', 'other'];
    expect(verdict(only, 'fs.read', { paths })).toBe('deny');
    expect(verdict({ allow: ['*'], deny: [{ tool: 'fs.*', paths: ['other'] }] }, 'fs.read', { paths })).toBe('deny');
  });

  it('does not let a call pass by leaving its path out', () => {
    expect(verdict(only, 'fs.read')).toBe('deny');
    expect(verdict({ allow: ['*'], deny: [{ tool: 'fs.*', paths: ['other'] }] }, 'fs.read')).toBe('deny');
  });

  it.each(['SECRET/x', 'secret/X', 's\u00e9cret/x', 'se\u0301cret/x'])('denies %j, which some file systems take for the same', (path) => {
    expect(verdict({ allow: ['*'], deny: [{ tool: '*', paths: ['secret/**', 'sécret/**'] }] }, 'fs.read', { path })).toBe('deny');
  });

  it('shows the project directory only when asked for, and only to tools that look', () => {
    expect(verdict({ allow: ['*'] }, 'fs.read', { path: 'project:a' })).toBe('deny');
    expect(decide({ allow: ['*'] }, 'fs.read', { path: 'project:a' }).rule).toBe('tasks.a.policy.project');
    expect(verdict({ allow: ['*'], project: 'read' }, 'fs.read', { path: 'project:a' })).toBe('allow');
    expect(verdict({ allow: ['*'], project: 'read' }, 'fs.write', { path: 'project:a' })).toBe('deny');
    expect(verdict({ allow: [{ tool: 'fs.read', paths: ['**'] }], project: 'read' }, 'fs.read', { path: 'project:a' })).toBe('deny');
    expect(verdict({ allow: [{ tool: 'fs.read', paths: ['project:docs/**'] }], project: 'read' }, 'fs.read', { path: 'project:docs/a' })).toBe('allow');
  });
});

describe('decideCall: hosts', () => {
  const policy: PolicyOptions = { allow: [{ tool: 'http.fetch', hosts: ['api.example.com', '*.cdn.example', 'local:8080'] }], network: { hosts: ['*'] } };

  it.each([
    ['https://api.example.com/x', 'allow'], ['https://API.EXAMPLE.COM./x', 'allow'], ['https://a.cdn.example', 'allow'], ['http://local:8080', 'allow'],
    ['http://local', 'deny'], ['https://cdn.example', 'deny'], ['https://evilcdn.example', 'deny'], ['https://api.example.com.evil.test', 'deny'],
    ['https://api.example.com@evil.test/', 'deny'], ['https://u:p@api.example.com/', 'deny'], ['ftp://api.example.com', 'deny'], ['file:///etc/passwd', 'deny'], ['no url', 'deny'],
  ])('%s -> %s', (url, expected) => {
    expect(verdict(policy, 'http.fetch', { url })).toBe(expected);
  });

  it('lets http.fetch reach only what the task may reach', () => {
    expect(decide({ allow: ['http.fetch'] }, 'http.fetch', { url: 'https://a.example' })).toMatchObject({ decision: 'deny', rule: 'tasks.a.policy.network.hosts' });
    expect(verdict({ allow: ['http.fetch'], network: { hosts: ['a.example'] } }, 'http.fetch', { url: 'https://a.example' })).toBe('allow');
  });
});

describe('decideCall: commands', () => {
  const policy: PolicyOptions = { allow: [{ tool: 'shell.run', commands: ['ls', ['git', 'log', '**'], ['npm', 'run', 'test*']] }] };

  it.each<[string[], string]>([
    [['ls'], 'allow'], [['ls', '-la', '/'], 'allow'], [['git', 'log'], 'allow'], [['git', 'log', '-p', 'x'], 'allow'], [['npm', 'run', 'test:unit'], 'allow'],
    [['git'], 'deny'], [['git', 'push'], 'deny'], [['git', '-c', 'x', 'log'], 'deny'], [['npm', 'run', 'test', 'more'], 'deny'], [['./ls'], 'deny'], [['/tmp/ls'], 'deny'], [['LS'], 'deny'], [[], 'deny'],
  ])('%j -> %s', (command, expected) => {
    expect(verdict(policy, 'shell.run', { command })).toBe(expected);
  });

  it('allows a script only where any command is allowed', () => {
    expect(verdict(policy, 'shell.run', { script: 'ls' })).toBe('deny');
    expect(verdict({ allow: ['shell.run'] }, 'shell.run', { script: 'ls' })).toBe('allow');
    expect(verdict({ allow: ['shell.run'], deny: [{ tool: 'shell.run', commands: ['rm'] }] }, 'shell.run', { script: 'ls' })).toBe('deny');
    expect(verdict(policy, 'shell.run', { command: 'ls' })).toBe('deny');
  });

  it.each<[string[]]>([[['rm', '-rf', 'x']], [['/bin/rm', 'x']], [['./RM']]])('denies %j by the name of the program', (command) => {
    expect(verdict({ allow: ['*'], deny: [{ tool: 'shell.run', commands: ['rm'] }] }, 'shell.run', { command })).toBe('deny');
    expect(verdict({ allow: ['*'], deny: [{ tool: 'shell.run', commands: ['rmdir'] }] }, 'shell.run', { command })).toBe('allow');
  });
});

describe('decideCall: other arguments', () => {
  const policy: PolicyOptions = { allow: [{ tool: 'issue', args: { repository: ['acme/*', 'public'], count: '1*' } }] };

  it.each<[JsonValue, string]>([
    [{ repository: 'acme/x', count: 12 }, 'allow'], [{ repository: ['acme/x', 'public'], count: 1 }, 'allow'], [{ repository: 'other/x', count: 1 }, 'deny'],
    [{ repository: ['acme/x', 'other'], count: 1 }, 'deny'], [{ repository: 'acme/x' }, 'deny'], [{ repository: { a: 1 }, count: 1 }, 'deny'], [{ repository: [], count: 1 }, 'deny'], [null, 'deny'],
  ])('%j -> %s', (input, expected) => {
    expect(verdict(policy, 'issue', input)).toBe(expected);
  });
});

describe('decideCall: limits', () => {
  it('gives the lowest of each kind', () => {
    const limits = { 'fs.*': { maxCalls: 10, timeoutMs: 50 }, 'fs.read': { maxCalls: 3, maxOutputBytes: 2_048 }, 'x': { maxCalls: 1 } };
    expect(decide({ limits }, 'fs.read', { path: 'a' }).limits).toEqual({ maxCalls: 3, timeoutMs: 50, maxOutputBytes: 2_048 });
    expect(decide({}, 'fs.read').limits).toEqual({});
  });

  it('denies what may be called 0 times', () => {
    expect(decide({ limits: { 'fs.*': { maxCalls: 0 } } }, 'fs.read')).toMatchObject({ decision: 'deny', rule: 'tasks.a.policy.limits' });
  });
});

describe('mayEverCall', () => {
  it.each<[PolicyOptions | undefined, boolean]>([
    [undefined, false], [{ allow: ['shell.*'] }, true], [{ allow: [{ tool: '*', commands: ['ls'] }] }, true], [{ allow: ['*'], deny: ['shell.run'] }, false],
    [{ allow: ['*'], deny: [{ tool: 'shell.run', commands: ['rm'] }] }, true], [{ allow: ['*'], limits: { 'shell.run': { maxCalls: 0 } } }, false],
  ])('%j: %s for shell.run', (options, expected) => {
    expect(mayEverCall(resolvePolicy(options, 'p'), 'shell.run')).toBe(expected);
  });
});

describe('narrowPolicy', () => {
  const parent = resolvePolicy({ allow: ['fs.*', 'http.fetch'], deny: ['fs.remove'], network: { hosts: ['*.example', 'b.test:80'] }, project: 'read', limits: { '*': { maxCalls: 5 } } }, 'parent');
  const child = resolvePolicy({ allow: ['fs.read', 'fs.remove', 'shell.run'], network: { hosts: ['a.example', 'b.test', 'c.test'] }, limits: { '*': { maxCalls: 9 } } }, 'child');
  const both = narrowPolicy(parent, child);

  it('allows what both allow, and names the layer that does not', () => {
    expect(decideCall(both, 'fs.read', { path: 'a' })).toMatchObject({ decision: 'allow', limits: { maxCalls: 5 } });
    expect(decideCall(both, 'fs.write', { path: 'a' })).toMatchObject({ decision: 'deny', rule: 'child.allow' });
    expect(decideCall(both, 'fs.remove', { path: 'a' })).toMatchObject({ decision: 'deny', rule: 'parent.deny[0]' });
    expect(decideCall(both, 'shell.run', { command: ['ls'] })).toMatchObject({ decision: 'deny', rule: 'parent.allow' });
  });

  it('keeps the hosts and the sight of the project that both have', () => {
    expect(both.network.hosts).toEqual(['a.example', 'b.test:80']);
    expect(both.project).toBe('none');
  });

  it('changes nothing when a policy is narrowed by itself', () => {
    expect(narrowPolicy(parent, parent)).toEqual(parent);
  });
});
