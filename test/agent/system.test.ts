import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChatRequest, ScriptedReply } from '../../examples/scripted/chat.ts';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { TaskSystemOptions } from '../../src/lib/task-system/types/Options.ts';
import { openSystem, recordEvents, recordingLogger, temporaryDirectory } from '../core/support.ts';
import { KEY, startModel } from '../models/support.ts';

/** Which agent asks: they say different things first. */
function taskOf({ messages }: ChatRequest): string {
  return JSON.stringify(messages.find(({ role }) => role === 'user')?.content ?? '');
}

/** How many answers an agent has had. */
function stepOf({ messages }: ChatRequest): number {
  return messages.filter(({ role }) => role === 'assistant').length;
}

interface Opened {
  readonly system: TaskSystem;
  readonly events: readonly TaskEvent[];
  readonly requests: readonly ChatRequest[];
  readonly project: string;
}

async function open(script: (request: ChatRequest) => ScriptedReply, rest: Partial<TaskSystemOptions> = {}): Promise<Opened> {
  const server = await startModel(script);
  const project = path.join(temporaryDirectory(), 'bees');
  mkdirSync(project);
  const handler = (name: string): URL => new URL(`./handlers/${name}.ts`, import.meta.url);
  const system = await openSystem({
    root: temporaryDirectory(), logger: recordingLogger(), sandbox: { level: 'process' },
    tasks: { lead: { module: handler('lead') }, look: { module: handler('look') } },
    projects: { bees: { dir: project } },
    models: { default: { baseURL: server.baseURL, apiKey: KEY, model: 'scripted' } },
    ...rest,
  });
  return { system, events: recordEvents(system), requests: server.requests, project };
}

const spawn = (input: string): { readonly name: string; readonly arguments: object } => ({ name: 'spawn_task', arguments: { type: 'look', input } });

describe('an agent in a system', { timeout: 240_000 }, () => {
  it('starts two others, waits for them without a slot, and is remembered', async () => {
    const { system, events, project } = await open((request) => {
      if (taskOf(request).includes('Look at')) return { text: `Seen: ${taskOf(request)}` };
      switch (stepOf(request)) {
        case 0: return { calls: [spawn('the hive'), spawn('the field')] };
        case 1: return { calls: [{ name: 'wait_tasks', arguments: {} }] };
        default: return { text: `Both have looked: ${JSON.stringify(request.messages.at(-1)?.content).includes('the field') ? 'yes' : 'no'}` };
      }
    }, { queue: { maxConcurrent: 1 } });
    const handle = await system.submit({ type: 'lead', project: 'bees', input: 'What do bees do?' });
    await expect(handle.result()).resolves.toMatchObject({ text: 'Both have looked: yes', steps: 3 });
    expect((await system.list({ parentId: handle.id })).tasks.map(({ type, state }) => [type, state])).toEqual([['look', 'completed'], ['look', 'completed']]);
    expect(events.filter(({ type }) => type === 'task:model:end').map(({ rootId }) => rootId)).toEqual(Array.from({ length: 5 }, () => handle.id));
    expect(readFileSync(path.join(project, 'MEMORY.md'), 'utf8')).toContain('Both have looked: yes');
  });

  it('draws from the budget of its tree', async () => {
    const { system } = await open((request) => {
      if (taskOf(request).includes('Look at')) return { text: 'Seen.' };
      return stepOf(request) === 0 ? { calls: [spawn('the hive')] } : { calls: [{ name: 'wait_tasks', arguments: {} }] };
    }, { budgets: { tree: { modelCalls: 3 } } });
    await expect((await system.submit({ type: 'lead', project: 'bees', input: 'Look around' })).result()).rejects.toMatchObject({ code: 'BUDGET_SPENT', details: { budget: 'budgets.tree' } });
  });

  it('goes on after its conversation was compacted in the middle', async () => {
    const { system, events, requests } = await open((request) => (
      requests.length <= 4 ? { calls: [{ name: 'fs_read', arguments: { path: 'large.txt', offset: requests.length * 1_000, limit: 20_000 } }] } : { text: `Read all. ${String(stepOf(request) > 0)}` }
    ));
    await expect((await system.submit({ type: 'lead', project: 'bees', input: 'Read it' })).result()).resolves.toMatchObject({ text: 'Read all. true', toolCalls: 4 });
    expect(events.filter(({ type, data }) => type === 'task:context' && 'compaction' in data)).not.toEqual([]);
    expect(Math.max(...requests.map(({ messages }) => JSON.stringify(messages).length))).toBeLessThan(12_000 * 5);
    expect(requests.every(({ messages }) => JSON.stringify(messages).includes('Read it'))).toBe(true);
  });

  it('is stopped when it goes in circles, and what it said is told while it says it', async () => {
    const { system, events } = await open(() => ({ text: 'I look again.', calls: [{ name: 'fs_list', arguments: { path: '.' } }] }));
    await expect((await system.submit({ type: 'lead', project: 'bees', input: 'Find it' })).result()).rejects.toMatchObject({ code: 'AGENT_LOOP' });
    expect(events.flatMap(({ type, data }) => (type === 'task:text' && 'text' in data ? [data.text] : []))).toContain('I look again.');
    expect(events.filter(({ type }) => type === 'task:tool:end')).toHaveLength(5);
  });

  it('reads a denial as the result of its call, and goes on; what is allowed is done', async () => {
    const { system, events, requests } = await open((request) => {
      switch (stepOf(request)) {
        case 0: return { calls: [{ name: 'fs_write', arguments: { path: 'plan.md', content: 'Burn the hive.' } }] };
        case 1: return { calls: [{ name: 'fs_write', arguments: { path: 'plan.md', content: 'Leave the hive alone.' } }] };
        default: return { text: 'Written.' };
      }
    }, {
      tasks: { lead: { module: new URL('./handlers/lead.ts', import.meta.url), policy: { ask: ['fs.write'] } } },
      hooks: { onTaskApproval: ({ approval }) => (JSON.stringify(approval.input).includes('Burn') ? { decision: 'deny', by: 'the keeper', reason: 'bees are friends' } : 'allow') },
    });
    await expect((await system.submit({ type: 'lead', project: 'bees', input: 'Make a plan' })).result()).resolves.toMatchObject({ text: 'Written.', toolCalls: 2 });
    expect(JSON.stringify(requests[1]?.messages.at(-1))).toContain('denied by the keeper: bees are friends');
    expect(events.filter(({ type }) => type === 'task:tool:end').map(({ data }) => 'outcome' in data && data.outcome)).toEqual(['denied', 'ok']);
  });
});
