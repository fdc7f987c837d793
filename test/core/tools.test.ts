import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import { isJsonObject, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { TaskEvent, TaskEventOf } from '../../src/lib/task-system/types/Events.ts';
import type { TaskSystemOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';
import { turns } from './until.ts';

type ToolEvent = TaskEventOf<'task:tool:start'> | TaskEventOf<'task:tool:end'>;

async function setUp(policy?: PolicyOptions, rest: Partial<TaskSystemOptions> = {}, type: Partial<TaskTypeOptions> = {}): Promise<{ readonly system: TaskSystem; readonly events: readonly TaskEvent[]; readonly run: (input: JsonValue) => Promise<readonly JsonValue[]> }> {
  const system = await openSystem(testOptions({ 'uses-tools.ts': { ...type, ...policy === undefined ? {} : { policy } } }, rest));
  return {
    system,
    events: recordEvents(system),
    run: async (input) => {
      const result = await (await system.submit({ type: 'uses-tools', input })).result();
      const results: JsonValue = isJsonObject(result) ? result['results'] ?? [] : [];
      return isList(results) ? results : [];
    },
  };
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function toolEvents(events: readonly TaskEvent[]): readonly ToolEvent[] {
  return events.filter((event): event is ToolEvent => event.type === 'task:tool:start' || event.type === 'task:tool:end');
}

describe('tools of a handler', () => {
  it('run in the task, and are told with beginning and end before the task ends', async () => {
    const { run, events } = await setUp({ allow: ['fs.*', 'shout'] });
    const results = await run({ steps: [{ tool: 'fs.write', input: { path: 'a/b.txt', content: 'hello' } }, { tool: 'fs.read', input: { path: 'a/b.txt' } }, { tool: 'fs.list', input: { depth: 2 } }, { tool: 'shout', input: {} }] });
    expect(results).toEqual([
      { output: { path: 'a/b.txt', bytes: 5, size: 5 } },
      { output: { path: 'a/b.txt', content: 'hello', size: 5 } },
      { output: { entries: [{ path: 'a', type: 'folder' }, { path: 'a/b.txt', type: 'file', size: 5 }] } },
      { output: { text: 'HEY', task: events[0]?.taskId, toolCallId: '1-4' } },
    ]);
    expect(toolEvents(events).map(({ type, data }) => [type, data.callId, data.tool])).toEqual(['fs.write', 'fs.read', 'fs.list', 'shout'].flatMap((tool, index) => [
      ['task:tool:start', `1-${String(index + 1)}`, tool], ['task:tool:end', `1-${String(index + 1)}`, tool],
    ]));
    expect(toolEvents(events)[4]?.data).toMatchObject({ input: { path: '.', depth: 2, limit: 200 } });
    expect(events.at(-1)?.type).toBe('task:complete');
  });

  it('denies what the policy does not allow, with an error that can be read, and tells that too', async () => {
    const { run, events } = await setUp({ allow: ['fs.read'] });
    expect(await run({ steps: [{ tool: 'fs.write', input: { path: 'x', content: '' } }, { tool: 'fs.read', input: { path: '../x' } }, { tool: 'shout' }] })).toEqual([
      { code: 'TOOL_DENIED', message: expect.stringContaining('no rule allows this call of fs.write'), cause: '' },
      { code: 'TOOL_DENIED', message: expect.stringContaining('leads out of the workspace'), cause: '' },
      { code: 'TOOL_DENIED', message: expect.stringContaining('tasks.uses-tools.policy.allow'), cause: '' },
    ]);
    expect(toolEvents(events).filter(({ type }) => type === 'task:tool:end').map(({ data }) => data)).toEqual([
      expect.objectContaining({ tool: 'fs.write', outcome: 'denied', rule: 'tasks.uses-tools.policy.allow' }),
      expect.objectContaining({ tool: 'fs.read', outcome: 'denied', rule: 'input' }),
      expect.objectContaining({ tool: 'shout', outcome: 'denied' }),
    ]);
  });

  it('lists what the policy may allow, with schemas and names for models', async () => {
    const { system } = await setUp({ allow: ['fs.read', 'shout', 'crm.*'] }, { tools: { 'crm.find': { description: 'Finds.', inputSchema: { type: 'object' }, execute: () => null }, 'hidden': { execute: () => null } } });
    const result = await (await system.submit({ type: 'uses-tools', input: { list: true } })).result();
    expect(isJsonObject(result) && result['listed']).toEqual([
      { name: 'crm.find', modelName: 'crm_find', runsIn: 'host', inputSchema: { type: 'object' } },
      { name: 'fs.read', modelName: 'fs_read', runsIn: 'task', inputSchema: expect.objectContaining({ type: 'object', required: ['path'] }) },
      { name: 'shout', modelName: 'shout', runsIn: 'task', inputSchema: expect.objectContaining({ type: 'object', properties: { text: { default: 'hey', type: 'string' } } }) },
    ]);
  });

  it('ends a call that takes too long, and the task goes on', async () => {
    const { run } = await setUp({ allow: ['*'] });
    expect(await run({ steps: [{ tool: 'hangs' }, { tool: 'shout' }] })).toEqual([
      { code: 'TOOL_TIMEOUT', message: expect.stringContaining('had 100 ms'), cause: '' }, { output: expect.objectContaining({ text: 'HEY' }) },
    ]);
  });

  it('counts calls, also those made at once', async () => {
    const { run } = await setUp({ allow: ['shout'], limits: { shout: { maxCalls: 3 } } });
    const results = await run({ atOnce: true, times: 10, steps: [{ tool: 'shout', input: {} }] });
    expect(results.filter((each) => isJsonObject(each) && 'output' in each)).toHaveLength(3);
    expect(results.filter((each) => isJsonObject(each) && each['code'] === 'TOOL_DENIED')).toHaveLength(7);
  });
});

describe('built-in tools at each level of isolation', () => {
  const steps = [
    { tool: 'fs.write', input: { path: 'a/b.txt', content: 'one' } }, { tool: 'fs.edit', input: { path: 'a/b.txt', oldText: 'one', newText: 'two' } },
    { tool: 'fs.search', input: { text: 'two' } }, { tool: 'fs.remove', input: { path: 'a', recursive: true } }, { tool: 'fs.list' }, { tool: 'fs.read', input: { path: 'project:README.md' } },
  ];

  it.each(['process', 'permission-model', undefined] as const)('work on files at the level %s', async (level) => {
    const dir = temporaryDirectory();
    writeFileSync(join(dir, 'README.md'), 'bees');
    const { run } = await setUp({ allow: ['fs.*'], project: 'read' }, { projects: { default: { dir } }, ...(level === undefined ? {} : { sandbox: { level } }) });
    const [written, edited, found, removed, listed, read] = await run({ steps });
    expect([written, edited, removed, listed]).toEqual([
      { output: { path: 'a/b.txt', bytes: 3, size: 3 } }, { output: { path: 'a/b.txt', replacements: 1, size: 3 } }, { output: { path: 'a', removed: 2 } }, { output: { entries: [] } },
    ]);
    expect(found).toEqual({ output: { matches: [{ path: 'a/b.txt', line: 1, text: 'two' }] } });
    expect(read).toEqual({ output: { path: 'project:README.md', content: 'bees', size: 4 } });
  });

  it('run commands whose output is told as it comes', async () => {
    const { run, events } = await setUp({ allow: [{ tool: 'shell.run', commands: ['echo'] }] }, {}, { sandbox: { level: 'process', require: 'process' } });
    const [echoed, denied] = await run({ steps: [{ tool: 'shell.run', input: { command: ['echo', 'bees'] } }, { tool: 'shell.run', input: { script: 'echo bees' } }] });
    expect([echoed, denied]).toEqual([{ output: expect.objectContaining({ exitCode: 0, stdout: 'bees\n' }) }, expect.objectContaining({ code: 'TOOL_DENIED' })]);
    expect(events.filter(({ type }) => type === 'task:log').map(({ data }) => data)).toEqual([expect.objectContaining({ stream: 'stdout', text: expect.stringContaining('bees') })]);
  });
});

describe('tools of a child', () => {
  it('are those that its parent may use as well', async () => {
    const system = await openSystem(testOptions({ 'uses-tools.ts': { policy: { allow: ['fs.*', 'shout'] } }, 'spawns.mjs': { policy: { allow: ['shout'] } } }));
    const parent = await system.submit({ type: 'spawns', input: { children: [{ type: 'uses-tools', input: { steps: [{ tool: 'fs.list' }, { tool: 'shout' }] } }] } });
    await parent.result();
    const child = (await system.list({ parentId: parent.id })).tasks[0];
    const result = child === undefined ? null : await system.handle(child.id).result();
    expect(result).toMatchObject({ results: [{ code: 'TOOL_DENIED', message: expect.stringContaining('tasks.spawns.policy') }, { output: { text: 'HEY' } }] });
  });
});

describe('tools of the host', () => {
  it('run in the host with the secrets that it has, of which the task and the events see nothing', async () => {
    const secret = 'hunter2-hunter2';
    const { run, events } = await setUp({ allow: ['crm.*'] }, {
      secrets: [secret],
      tools: [
        { name: 'crm.find', execute: ({ id }: { id: string }) => ({ id, pid: process.pid, echo: `key=${secret}` }) },
        { name: 'crm.break', execute: () => { throw new Error(`cannot reach https://user:${secret}@crm`); } },
      ],
    });
    const results = await run({ steps: [{ tool: 'crm.find', input: { id: 'a' } }, { tool: 'crm.break', input: { note: secret } }] });
    expect(results).toEqual([
      { output: { id: 'a', pid: process.pid, echo: 'key=[redacted]' } },
      { code: 'TOOL_FAILED', message: expect.stringContaining('cannot reach https://user:[redacted]@crm'), cause: expect.not.stringContaining('.ts:') },
    ]);
    expect(JSON.stringify([results, events.filter(({ type }) => type !== 'task:complete')])).not.toContain(secret);
  });

  it('are stopped with their task: the signal of a call under way is aborted', async () => {
    const called = Promise.withResolvers<AbortSignal>();
    const { system, events } = await setUp({ allow: ['wait'] }, {
      tools: { wait: { execute: (_input: unknown, { abortSignal }: { abortSignal: AbortSignal }) => { called.resolve(abortSignal); return new Promise(() => undefined); } } },
    });
    const handle = await system.submit({ type: 'uses-tools', input: { steps: [{ tool: 'wait' }] } });
    const signal = await called.promise;
    expect(signal.aborted).toBe(false);
    expect(await handle.cancel('enough')).toBe(true);
    expect(signal.aborted).toBe(true);
    expect(toolEvents(events).map(({ type, data }) => [type, data.callId])).toEqual([['task:tool:start', '1-1'], ['task:tool:end', '1-1']]);
    expect(events.at(-1)?.type).toBe('task:cancel');
  });

  it('wait their turn above 16 at once', async () => {
    let [running, most] = [0, 0];
    // None ends before as many run as may: how fast they come is a matter of the machine.
    const full = Promise.withResolvers<undefined>();
    const { run } = await setUp({ allow: ['slow'] }, {
      tools: { slow: { execute: async () => {
        most = Math.max(most, ++running);
        if (running >= 16) full.resolve(undefined);
        await full.promise;
        await turns();
        running--;
        return most;
      } } },
    });
    const results = await run({ atOnce: true, times: 60, steps: [{ tool: 'slow' }] });
    expect(results.filter((each) => isJsonObject(each) && 'output' in each)).toHaveLength(60);
    expect(most).toBe(16);
  });
});
