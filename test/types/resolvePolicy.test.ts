import { describe, expect, it } from 'vitest';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';
import { thrownBy } from '../support/thrown.ts';

const MODULE = new URL('file:///srv/app/research.js');

function policyOf(policy?: PolicyOptions): unknown {
  return parseTaskSystemOptions({ root: '/r', tasks: { a: { module: MODULE, ...(policy === undefined ? {} : { policy }) } } }).types.get('a')?.policy;
}

function problemsOf(policy: unknown): unknown {
  return thrownBy(() => parseTaskSystemOptions({ root: '/r', tasks: { a: { module: MODULE, policy } } })).details['problems'];
}

describe('resolvePolicy', () => {
  it('allows files of the own workspace and memory where nothing is said', () => {
    const layer = { source: 'tasks.a.policy', hasOwnAllow: false, allow: [{ tool: 'fs.*' }, { tool: 'memory.*' }], deny: [], ask: [], limits: [] };
    expect(policyOf()).toEqual({ layers: [layer], network: { hosts: [] }, project: 'none', approvalTimeoutMs: 600_000 });
    expect(policyOf({})).toEqual(policyOf());
  });

  it('takes an empty list for nothing, not for the default', () => {
    expect(policyOf({ allow: [] })).toMatchObject({ layers: [{ allow: [], hasOwnAllow: true }] });
  });

  it('gives every rule the same form, and hosts in lower case', () => {
    const policy = policyOf({ allow: ['shell.run', { tool: 'fs.*', paths: ['a/**'] }], deny: ['x'], ask: ['y', { tool: 'z', args: { a: 'b' } }], approvalTimeoutMs: 5, limits: { 'fs.*': { maxCalls: 3 } }, network: { hosts: ['API.Example.com'] }, project: 'read' });
    expect(policy).toEqual({
      layers: [{ source: 'tasks.a.policy', hasOwnAllow: true, allow: [{ tool: 'shell.run' }, { tool: 'fs.*', paths: ['a/**'] }], deny: [{ tool: 'x' }], ask: [{ tool: 'y' }, { tool: 'z', args: { a: 'b' } }], limits: [{ tool: 'fs.*', maxCalls: 3 }] }],
      network: { hosts: ['api.example.com'] },
      project: 'read',
      approvalTimeoutMs: 5,
    });
  });

  it('keeps nothing that the caller can change afterwards', () => {
    const paths = ['a'];
    const policy = resolvePolicy({ allow: [{ tool: 'fs.read', paths }] }, 'here');
    paths.push('secret');
    expect(policy.layers[0]?.allow).toEqual([{ tool: 'fs.read', paths: ['a'] }]);
  });

  it('takes a field that holds undefined for one that is left out', () => {
    expect(parseTaskSystemOptions({ root: '/r', tasks: { a: { module: MODULE, policy: { allow: [{ tool: 'fs.read', paths: undefined }] } } } }).types.get('a')?.policy.layers[0]?.allow).toEqual([{ tool: 'fs.read' }]);
  });
});

describe('the policy option', () => {
  it.each([
    ['tasks.a.policy', 'all', 'expected an object, got "all" (string)'],
    ['tasks.a.policy.allow', { allow: 'fs.*' }, 'expected an array, got "fs.*" (string)'],
    ['tasks.a.policy.allow[0]', { allow: [''] }, 'expected the name of a tool or a pattern such as "fs.*", got "" (string)'],
    ['tasks.a.policy.allow[0]', { allow: [7] }, 'expected the name of a tool or a pattern such as "fs.*", got 7'],
    ['tasks.a.policy.allow[0].tool', { allow: [{ paths: ['a'] }] }, 'expected the name of a tool or a pattern such as "fs.*", got nothing'],
    ['tasks.a.policy.deny[1].path', { deny: ['x', { tool: 'fs.read', path: ['a'] }] }, 'unknown option, did you mean "paths"?'],
    ['tasks.a.policy.allow[0].paths[0]', { allow: [{ tool: 'fs.read', paths: ['../x'] }] }, 'expected a path relative to the workspace, or behind "project:", without "..", got "../x" (string)'],
    ['tasks.a.policy.limits["fs.*"].maxCalls', { limits: { 'fs.*': { maxCalls: -1 } } }, 'expected an integer >= 0, got -1'],
    ['tasks.a.policy.project', { project: 'write' }, 'expected one of "none", "read", got "write" (string)'],
    ['tasks.a.policy.alow', { alow: [] }, 'unknown option, did you mean "allow"?'],
  ])('names %s', (path, policy, message) => {
    expect(problemsOf(policy)).toEqual([{ path, message }]);
  });

  it.each(['/etc/passwd', 'a/../b', '..', 'project:/etc', 'project:../x', 'C:/x', 'a\\b', ''])('refuses the path pattern %j', (path) => {
    expect(problemsOf({ allow: [{ tool: 'fs.read', paths: [path] }] })).toMatchObject([{ path: 'tasks.a.policy.allow[0].paths[0]' }]);
  });

  it.each(['a', 'a/**', '**/*.md', 'project:', 'project:docs/**', '..data/x', 'with space/蜂'])('takes the path pattern %j', (path) => {
    expect(policyOf({ allow: [{ tool: 'fs.read', paths: [path] }] })).toMatchObject({ layers: [{ allow: [{ paths: [path] }] }] });
  });

  it.each(['http://a.example', 'a/b', 'a..b', '*.', 'ex*mple.com', 'a b', 'a:0', 'a:port', '', '-a.example', 'a.example.'])('refuses the host %j', (host) => {
    expect(problemsOf({ network: { hosts: [host] } })).toMatchObject([{ path: 'tasks.a.policy.network.hosts[0]' }]);
  });

  it.each(['example.com', '*.example.com', '*', '*:443', 'localhost:8080', '10.0.0.1', '[::1]:80', 'a_b.example'])('takes the host %j', (host) => {
    expect(policyOf({ network: { hosts: [host] } })).toMatchObject({ network: { hosts: [host] } });
  });

  it.each<[unknown]>([['git log'], [''], [[]], [['']], [['**']], [[1]], [{}]])('refuses the command %j', (command) => {
    expect(problemsOf({ allow: [{ tool: 'shell.run', commands: [command] }] })).toMatchObject([{ path: 'tasks.a.policy.allow[0].commands[0]' }]);
  });

  it.each<[string | string[]]>([['git'], [['git', 'log', '**']], [['echo', '', 'two words']]])('takes the command %j', (command) => {
    expect(policyOf({ allow: [{ tool: 'shell.run', commands: [command] }] })).toMatchObject({ layers: [{ allow: [{ commands: [command] }] }] });
  });
});
