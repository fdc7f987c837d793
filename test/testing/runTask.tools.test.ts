import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineTask } from '../../src/lib/task-system/core/defineTask.ts';
import { runTask } from '../../src/lib/task-system/testing/runTask.ts';
import { defineTool } from '../../src/lib/task-system/tools/defineTool.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../support/thrown.ts';

const twice = defineTool({ name: 'twice', inputSchema: z.object({ n: z.number() }), execute: ({ n }) => 2 * n });

describe('runTask: tools', () => {
  it('runs the tools of the handler and the built-in ones in the workspace, and remembers the calls', async () => {
    const handler = defineTask({
      tools: [twice],
      run: async ({ tools }) => {
        await tools.call('fs.write', { path: 'a', content: 'x' });
        return tools.call('twice', { n: 2 });
      },
    });
    const { result, toolCalls } = await runTask(handler);
    expect(result).toBe(4);
    expect(toolCalls).toEqual([
      { tool: 'fs.write', input: { path: 'a', content: 'x', encoding: 'utf8', mode: 'replace' }, outcome: 'ok' }, { tool: 'twice', input: { n: 2 }, outcome: 'ok' },
    ]);
  });

  it('takes what stands in for the tools of the host, with the task that calls', async () => {
    const handler = defineTask({ run: ({ tools }) => tools.call('crm.find', { id: 1 }) });
    const { result } = await runTask(handler, { project: 'acme', tools: { 'crm.find': { execute: (input: unknown, { task }: { readonly task: { readonly project: string } }) => ({ input, project: task.project }) } } });
    expect(result).toEqual({ input: { id: 1 }, project: 'acme' });
  });

  it('decides by a policy that the test gives, and says what was denied', async () => {
    const handler = defineTask({ run: ({ tools }) => tools.call('fs.read', { path: 'a' }).catch(() => 'denied') });
    const { result, toolCalls } = await runTask(handler, { policy: { allow: ['fs.write'] } });
    expect(result).toBe('denied');
    expect(toolCalls).toEqual([expect.objectContaining({ tool: 'fs.read', outcome: 'denied', message: expect.stringContaining('no rule allows') })]);
  });

  it('knows no tool that nobody gave', async () => {
    expect((await rejectionOf(runTask(defineTask({ run: ({ tools }) => tools.call('crm.find') })))).code).toBe('TOOL_UNKNOWN');
  });

  it('stops calls with the signal of the test', async () => {
    const stop = new AbortController();
    const handler = defineTask({ run: ({ tools }) => { stop.abort(); return tools.call('fs.stat', { path: '.' }); } });
    expect((await rejectionOf(runTask(handler, { signal: stop.signal }))).code).toBe('TOOL_ABORTED');
  });

  it('asks the test for what the policy asks for', async () => {
    const handler = defineTask({
      run: ({ tools }) => Promise.all(['good', 'bad'].map((path) => tools.call('fs.write', { path, content: '' }).then(() => 'written', (error: unknown) => (TaskSystemError.isInstance(error) ? error.code : 'lost')))),
    });
    const asked: unknown[] = [];
    const { result, toolCalls } = await runTask(handler, {
      policy: { ask: ['fs.write'] },
      approve: (call) => { asked.push(call); return JSON.stringify(call.input).includes('good'); },
    });
    expect(result).toEqual(['written', 'APPROVAL_DENIED']);
    expect(asked).toEqual(['good', 'bad'].map((path) => ({ tool: 'fs.write', input: expect.objectContaining({ path }) })));
    expect(toolCalls.map(({ outcome }) => outcome).toSorted()).toEqual(['denied', 'ok']);
  });

  it('denies what the policy asks for when the test says nothing of it', async () => {
    const handler = defineTask({ run: ({ tools }) => tools.call('fs.write', { path: 'a', content: '' }) });
    expect((await rejectionOf(runTask(handler, { policy: { ask: ['fs.write'] } }))).code).toBe('APPROVAL_EXPIRED');
  });
});
