import { describe, expect, it } from 'vitest';
import { mcpSchema, resolveMcp } from '../../src/lib/task-system/types/McpSchema.ts';
import { check } from '../../src/lib/task-system/types/OptionProblems.ts';

function wrong(servers: unknown): readonly string[] {
  const checked = check(mcpSchema, { servers });
  return checked.ok ? [] : checked.problems.map(({ path }) => path);
}

describe('mcpSchema', () => {
  it('takes a server by its address', () => {
    expect(wrong({ docs: { url: 'https://mcp.example/v1' } })).toEqual([]);
  });

  it('takes a server by the command that starts it', () => {
    expect(wrong({ files: { command: 'node', args: ['server.js'], env: { LEVEL: '1' } } })).toEqual([]);
  });

  it('refuses a server with both, as it could not be told which counts', () => {
    expect(wrong({ both: { url: 'https://mcp.example', command: 'node' } })).not.toEqual([]);
  });

  it('refuses an address that is not of the web', () => {
    expect(wrong({ docs: { url: 'file:///etc/passwd' } })).not.toEqual([]);
  });

  it('refuses an empty command', () => {
    expect(wrong({ files: { command: '' } })).toEqual(['servers.files.command']);
  });

  it('refuses an argument with a NUL, which the system would cut off', () => {
    expect(wrong({ files: { command: 'node', args: ['a\0b'] } })).toEqual(['servers.files.args[0]']);
  });

  it('refuses a name with a dot or an underscore, which would blur the names of its tools', () => {
    expect([wrong({ 'a.b': { command: 'x' } }), wrong({ a_b: { command: 'x' } })]).toEqual([['servers["a.b"]'], ['servers.a_b']]);
  });

  it('takes a name of 32 characters, and none of 33', () => {
    expect([wrong({ ['x'.repeat(32)]: { command: 'x' } }).length, wrong({ ['x'.repeat(33)]: { command: 'x' } }).length]).toEqual([0, 1]);
  });

  it('refuses to wait no time at all', () => {
    expect(wrong({ files: { command: 'x', callTimeoutMs: 0 } })).toEqual(['servers.files.callTimeoutMs']);
  });

  it('shows no value of a header that is wrong', () => {
    const checked = check(mcpSchema, { servers: { docs: { url: 'https://mcp.example', headers: { authorization: 'Bearer hush\0' } } } });
    expect(checked.ok).toBe(false);
    expect(JSON.stringify(checked)).not.toContain('hush');
  });

  it('refuses a listener that is no function', () => {
    expect(check(mcpSchema, { servers: {}, onChange: 'x' })).toMatchObject({ ok: false, problems: [{ path: 'onChange' }] });
  });
});

describe('resolveMcp', () => {
  it('has no servers where nothing is given', () => {
    expect(resolveMcp()).toEqual({ servers: [] });
  });

  it('waits ten seconds for a connection and a minute for a call', () => {
    expect(resolveMcp({ servers: { docs: { url: 'https://mcp.example' } } }).servers).toEqual([
      { name: 'docs', connectTimeoutMs: 10_000, callTimeoutMs: 60_000, target: { url: 'https://mcp.example', headers: {} } },
    ]);
  });

  it('fills in arguments and environment of a command', () => {
    expect(resolveMcp({ servers: { files: { command: 'node', callTimeoutMs: 5 } } }).servers).toEqual([
      { name: 'files', connectTimeoutMs: 10_000, callTimeoutMs: 5, target: { command: 'node', args: [], env: {} } },
    ]);
  });

  it('keeps the listener as it is', () => {
    const onChange = (): void => undefined;
    expect(resolveMcp({ servers: {}, onChange }).onChange).toBe(onChange);
  });

  it('does not change when the caller changes its arguments afterwards', () => {
    const args = ['a'];
    const resolved = resolveMcp({ servers: { files: { command: 'node', args } } });
    args.push('b');
    expect(resolved.servers[0]?.target).toMatchObject({ args: ['a'] });
  });

  it('keeps the order in which the servers were given', () => {
    expect(resolveMcp({ servers: { b: { command: 'x' }, a: { command: 'y' } } }).servers.map(({ name }) => name)).toEqual(['b', 'a']);
  });
});
