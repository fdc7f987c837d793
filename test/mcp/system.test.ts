import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { openSystem, recordEvents, recordingLogger, temporaryDirectory } from '../core/support.ts';

const SERVER = { command: process.execPath, args: [fileURLToPath(new URL('./programs/server.mjs', import.meta.url))], connectTimeoutMs: 100_000 };

function open(policy: PolicyOptions): Promise<TaskSystem> {
  return openSystem({
    root: temporaryDirectory(), logger: recordingLogger(), sandbox: { level: 'process' },
    tasks: { uses: { module: new URL('./handlers/uses.mjs', import.meta.url), policy } },
    mcp: { servers: { test: SERVER, broken: { command: '/nonexistent/program' } } },
  });
}

describe('tools of an MCP server', { timeout: 240_000 }, () => {
  it('are called by tasks, as the policy allows', async () => {
    const system = await open({ allow: ['mcp__test__*'], deny: ['mcp__test__fail'] });
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'uses', input: { calls: [['mcp__test__echo', { text: 'hi' }], ['mcp__test__fail', {}], ['mcp__test__die', {}], ['mcp__test__echo', { text: 'still here' }]] } });
    await expect(handle.result()).resolves.toMatchObject(['echo hi', { code: 'TOOL_DENIED' }, { code: 'TOOL_FAILED' }, 'echo still here']);
    expect(events.flatMap(({ type, data }) => (type === 'task:tool:end' && 'outcome' in data ? [data.outcome] : []))).toEqual(['ok', 'denied', 'error', 'ok']);
  });

  it('are denied where no policy names them', async () => {
    const system = await open({});
    await expect((await system.submit({ type: 'uses', input: { calls: [['mcp__test__echo', {}]] } })).result()).resolves.toMatchObject([{ code: 'TOOL_DENIED' }]);
    await expect((await system.submit({ type: 'uses', input: { list: true } })).result()).resolves.toEqual([]);
  });

  it('are listed for models', async () => {
    const system = await open({ allow: ['mcp__test__echo'] });
    await expect((await system.submit({ type: 'uses', input: { list: true } })).result()).resolves.toEqual([
      { name: 'mcp__test__echo', modelName: 'mcp__test__echo', description: 'does echo', runsIn: 'host' },
    ]);
  });
});
