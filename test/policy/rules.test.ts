import { describe, expect, it } from 'vitest';
import { factsOf } from '../../src/lib/task-system/policy/callFacts.ts';
import { allows, denies, describeRule } from '../../src/lib/task-system/policy/rules.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { ToolRule } from '../../src/lib/task-system/types/Policy.ts';

function allowed(rule: ToolRule, tool: string, input: JsonValue = {}): boolean {
  return allows(rule, tool, factsOf(input));
}

function denied(rule: ToolRule, tool: string, input: JsonValue = {}): boolean {
  return denies(rule, tool, factsOf(input));
}

describe('allows', () => {
  it('covers a tool by its name or by a pattern', () => {
    expect([allowed({ tool: 'fs.read' }, 'fs.read'), allowed({ tool: 'fs.*' }, 'fs.write'), allowed({ tool: 'fs.*' }, 'shell.run')]).toEqual([true, true, false]);
  });

  it('asks every path of a call to fit', () => {
    const rule = { tool: 'fs.read', paths: ['docs/**'] };
    expect([allowed(rule, 'fs.read', { path: 'docs/a.md' }), allowed(rule, 'fs.read', { paths: ['docs/a.md', 'src/b.ts'] })]).toEqual([true, false]);
  });

  it('covers no call that names nothing it could look at', () => {
    expect([allowed({ tool: 'x', paths: ['**'] }, 'x'), allowed({ tool: 'x', hosts: ['*'] }, 'x'), allowed({ tool: 'x', commands: ['ls'] }, 'x'), allowed({ tool: 'x', args: { a: '*' } }, 'x')]).toEqual([false, false, false, false]);
  });

  it('tells paths of the project from those of the workspace', () => {
    const rule = { tool: 'fs.read', paths: ['project:src/**'] };
    expect([allowed(rule, 'fs.read', { path: 'project:src/a.ts' }), allowed(rule, 'fs.read', { path: 'src/a.ts' })]).toEqual([true, false]);
  });

  it('covers commands by their program, or by their words', () => {
    expect([
      allowed({ tool: 'shell.run', commands: ['git'] }, 'shell.run', { command: ['git', 'push'] }),
      allowed({ tool: 'shell.run', commands: [['git', 'log', '**']] }, 'shell.run', { command: ['git', 'log', '-1', '-p'] }),
      allowed({ tool: 'shell.run', commands: [['git', 'log']] }, 'shell.run', { command: ['git', 'log', '-1'] }),
    ]).toEqual([true, true, false]);
  });

  it('does not take a file of the workspace for a program of that name', () => {
    expect([allowed({ tool: 'shell.run', commands: ['git'] }, 'shell.run', { command: ['./git'] }), allowed({ tool: 'shell.run', commands: ['*'] }, 'shell.run', { command: ['bin/x'] })]).toEqual([false, false]);
  });

  it('covers no script where it speaks of commands', () => {
    expect(allowed({ tool: 'shell.run', commands: ['*'] }, 'shell.run', { script: 'ls' })).toBe(false);
  });

  it('looks at arguments, each value of a list', () => {
    const rule = { tool: 'x', args: { mode: ['read', 'list'] } };
    expect([{ mode: 'read' }, { mode: ['read', 'list'] }, { mode: ['read', 'write'] }, { mode: { deep: true } }].map((input) => allowed(rule, 'x', input))).toEqual([true, true, false, false]);
  });
});

describe('denies', () => {
  it('covers a call for one thing that it names', () => {
    const rule = { tool: 'fs.*', paths: ['secrets/**'] };
    expect([denied(rule, 'fs.read', { paths: ['a', 'secrets/x'] }), denied(rule, 'fs.read', { path: 'a' })]).toEqual([true, false]);
  });

  it('takes what it cannot see to fit', () => {
    expect([denied({ tool: 'x', paths: ['secrets/**'] }, 'x'), denied({ tool: 'x', hosts: ['evil.example'] }, 'x'), denied({ tool: 'x', args: { mode: 'write' } }, 'x', { mode: { deep: true } })]).toEqual([true, true, true]);
  });

  it('covers nothing by an empty list', () => {
    expect([denied({ tool: 'x', paths: [] }, 'x', { path: 'a' }), denied({ tool: 'x', hosts: [] }, 'x'), denied({ tool: 'x', commands: [] }, 'x', { script: 'ls' })]).toEqual([false, false, false]);
  });

  it.each(['SECRETS/x', 'Secrets/X', 'ｓｅｃｒｅｔｓ/x'])('is not deceived by the letters of %s', (path) => {
    expect(denied({ tool: 'fs.read', paths: ['secrets/**'] }, 'fs.read', { path })).toBe(true);
  });

  it.each([[['rm', 'x']], [['/bin/rm', 'x']], [['./RM']], [['RM']]])('knows a program however it is called: %j', (command) => {
    expect(denied({ tool: 'shell.run', commands: ['rm'] }, 'shell.run', { command })).toBe(true);
  });

  it('covers every script where it denies a command: what is in it cannot be seen', () => {
    expect(denied({ tool: 'shell.run', commands: ['rm'] }, 'shell.run', { script: 'echo harmless' })).toBe(true);
  });

  it('covers no other tool', () => {
    expect(denied({ tool: 'shell.run' }, 'shell.runner')).toBe(false);
  });
});

describe('describeRule', () => {
  it('is the name of the tool, and what else it asks for', () => {
    expect([describeRule({ tool: 'fs.*' }), describeRule({ tool: 'fs.*', paths: ['a/**'] })]).toEqual(['fs.*', 'fs.* {"paths":["a/**"]}']);
  });
});
