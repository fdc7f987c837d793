import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChatRequest, ScriptedCall, ScriptedReply } from '../../examples/scripted/chat.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { hasKernelLevel } from '../core/isolation/kernelLevel.ts';
import { openSystem, temporaryDirectory } from '../core/support.ts';
import { startModel } from '../models/support.ts';
import { KEY, repairOptions } from './repair.ts';

const hasKernel = await hasKernelLevel();

const call = (name: string, input: object): ScriptedCall => ({ name, arguments: input });
const TEST = call('shell_run', { command: ['node', '--test', 'test/stock.test.mjs'] });
const page = (index: number): ScriptedCall => call('fs_read', { path: 'HISTORY.md', offset: index * 8_000, limit: 8_000 });

/** What a model would do that finds the mistake and mends it. */
const STEPS: readonly ScriptedReply[] = [
  { text: 'I look for it.', calls: [call('fs_search', { text: 'countStock' })] },
  { calls: [call('fs_read', { path: 'src/stock.mjs' }), TEST] },
  ...Array.from({ length: 5 }, (_, index) => ({ calls: [page(index)] })),
  { calls: [call('spawn_task', { type: 'look', input: 'src' }), call('spawn_task', { type: 'look', input: 'test' })] },
  { calls: [call('wait_tasks', {})] },
  { calls: [call('fs_edit', { path: 'src/stock.mjs', oldText: 'let index = 1', newText: 'let index = 0' })] },
  { calls: [TEST] },
];

/** The agent knows nothing of an earlier attempt: a conversation without an answer is a new one. */
function script(): (request: ChatRequest) => ScriptedReply {
  let step = 0;
  return ({ messages }) => {
    const [asked, last] = [messages.find(({ role, content }) => role === 'user' && JSON.stringify(content).includes('Look at')), JSON.stringify(messages.at(-1))];
    if (asked !== undefined) return { text: 'Nothing to see.' };
    step = messages.some(({ role }) => role === 'assistant') ? step + 1 : 0;
    return STEPS[step] ?? { text: last.includes('pass 1') ? 'The count began with the second item; the test passes now.' : `It did not work: ${last}` };
  };
}

/** Kills a host when it has started tasks of these kinds. */
async function killAfter(host: ChildProcess, kinds: readonly string[]): Promise<void> {
  const started: string[] = [];
  if (host.stdout === null) return;
  for await (const line of createInterface({ input: host.stdout })) {
    started.push(line);
    if (kinds.every((kind) => started.includes(kind))) host.kill('SIGKILL');
  }
}

function toolEnds(events: readonly TaskEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'task:tool:end' ? [`${event.data.tool}: ${event.data.outcome}`] : []));
}

describe.skipIf(!hasKernel)('an agent from end to end', { timeout: 600_000 }, () => {
  it('mends a repository in the sandbox of the kernel, with others, beyond its window, and though its host is killed', async () => {
    const [root, project] = [temporaryDirectory(), path.join(temporaryDirectory(), 'shop')];
    mkdirSync(project);
    const server = await startModel(script(), KEY);
    const host = spawn(process.execPath, [new URL('./hosts/repair.ts', import.meta.url).pathname, root, project, server.baseURL], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => { host.kill('SIGKILL'); });
    const exited = once(host, 'exit');
    // By then it has looked, read beyond its window, and started two others.
    await killAfter(host, ['the agent', 'another']);
    await exited;

    const system = await openSystem(repairOptions(root, project, server.baseURL));
    const id = (await system.list()).tasks.find(({ type }) => type === 'repair')?.id ?? '';
    const handle = system.handle(id);
    await expect(handle.result()).resolves.toMatchObject({ text: 'The count began with the second item; the test passes now.', attempt: 2 });

    expect(JSON.stringify(server.requests)).toContain('fail 1');

    const { tasks } = await system.list();
    expect(tasks.map(({ type, state, isolation }) => `${type} ${state} ${isolation?.level ?? ''}`).sort()).toEqual(['look completed kernel', 'look completed kernel', 'repair completed kernel']);
    expect(readFileSync(path.join(project, 'MEMORY.md'), 'utf8')).toContain('The count began with the second item');
    const events: TaskEvent[] = [];
    for await (const event of handle.events()) events.push(event);
    expect(toolEnds(events).slice(-2)).toEqual(['fs.edit: ok', 'shell.run: ok']);
    expect(events.some(({ type, data }) => type === 'task:context' && 'compaction' in data)).toBe(true);
    expect(JSON.stringify(events)).not.toContain(KEY);
  });
});
