import { jsonSchema, tool, type ToolSet } from 'ai';
import { describe, expect, it } from 'vitest';
import { runAgent } from '../../src/lib/task-system/agent/runAgent.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../support/thrown.ts';
import { resultsIn, saying, TestContext, toldTo, type Said } from './support.ts';

/** A tool that does what the test says. */
function toolOf(work: (input: unknown) => unknown): ToolSet {
  return { work: tool({ description: 'works', inputSchema: jsonSchema({ type: 'object' }), execute: async (input: unknown) => { await Promise.resolve(); return work(input); } }) };
}

const call = (input: unknown = {}): Said => ({ calls: [{ name: 'work', input }] });
const plan = (...steps: readonly (readonly [string, string])[]): Said => ({ calls: [{ name: 'update_plan', input: { steps: steps.map(([text, status]) => ({ text, status })) } }] });

describe('runAgent', () => {
  it('ends with the last words of the model', async () => {
    const context = new TestContext(saying({ text: 'Done.' }));
    await expect(runAgent(context, { prompt: 'Do it' })).resolves.toEqual({
      text: 'Done.', finish: 'done', steps: 1, toolCalls: 0, plan: [], usage: { inputTokens: 10, outputTokens: 5 },
    });
  });

  it('lets the model work with tools until it is done', async () => {
    const model = saying(call({ a: 1 }), call({ a: 2 }), { text: 'Done.' });
    const seen: unknown[] = [];
    const result = await runAgent(new TestContext(model), { prompt: 'Do it', tools: toolOf((input) => { seen.push(input); return `worked ${String(seen.length)}`; }) });
    expect(result).toMatchObject({ steps: 3, toolCalls: 2, usage: { inputTokens: 30, outputTokens: 15 } });
    expect(seen).toEqual([{ a: 1 }, { a: 2 }]);
    expect(toldTo(model).map(({ last }) => resultsIn(last))).toEqual([[], ['worked 1'], ['worked 2']]);
  });

  it('asks for the model by its name, and counts its answers as turns', async () => {
    const context = new TestContext(saying({ text: 'Done.' }));
    await runAgent(context, { prompt: 'Do it', model: 'small' });
    expect(context.asked).toEqual([['small', { isTurn: true }]]);
  });

  it('tells the model what the project says, then what the agent is', async () => {
    const model = saying({ text: 'Done.' });
    await runAgent(new TestContext(model), { prompt: 'Do it', instructions: 'You mend things.' });
    expect(toldTo(model)[0]?.instructions).toMatch(/^You are of this project\.\n\nYou mend things\.\n\nKeep a plan/);
  });

  it('goes on with a conversation', async () => {
    const model = saying({ text: 'Done.' });
    await runAgent(new TestContext(model), { messages: [{ role: 'user', content: 'First' }, { role: 'assistant', content: 'Yes' }], prompt: 'Then' });
    expect(model.doStreamCalls[0]?.prompt.filter(({ role }) => role !== 'system').map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('keeps the conversation within its budget at every step', async () => {
    const context = new TestContext(saying(call(), { text: 'Done.' }));
    await runAgent(context, { prompt: 'Do it', tools: toolOf(() => 'worked'), maxTokens: 5_000 });
    expect(context.prepared).toEqual([5_000, 5_000]);
  });

  it('fails when the conversation cannot be brought within its budget', async () => {
    const context = new TestContext(saying({ text: 'Never' }));
    context.failure = new TaskSystemError('CONTEXT_TOO_SMALL', 'it is far too long');
    await expect(rejectionOf(runAgent(context, { prompt: 'Do it' }))).resolves.toMatchObject({ code: 'CONTEXT_TOO_SMALL' });
  });

  it('gives it the tools of the library and the host under names that models allow', async () => {
    const model = saying({ calls: [{ name: 'fs_read', input: { path: 'a' } }] }, { text: 'Done.' });
    const context = new TestContext(model);
    const listed = (name: string, modelName: string) => ({ name, modelName, description: `does ${name}`, inputSchema: jsonSchema({ type: 'object' }) as never, runsIn: 'task' as const, annotations: {}, execute: (input: unknown) => Promise.resolve(`${name} ${JSON.stringify(input)}`) });
    context.listed = [listed('fs.read', 'fs_read'), listed('shell.run', 'shell_run')];
    await runAgent(context, { prompt: 'Do it', useTools: ['fs.read'] });
    expect(toldTo(model)[0]?.tools).toEqual(['fs_read', 'update_plan']);
    expect(resultsIn(toldTo(model)[1]?.last)).toEqual(['fs.read {"path":"a"}']);
  });

  it('lets the model read what went wrong in a tool', async () => {
    const model = saying(call(), { text: 'Sorry.' });
    await runAgent(new TestContext(model), { prompt: 'Do it', tools: toolOf(() => { throw new TypeError('no such file'); }) });
    expect(JSON.stringify(resultsIn(toldTo(model)[1]?.last))).toContain('no such file');
  });

  it('lets the model read what is wrong with its arguments', async () => {
    const model = saying(call('{"a": '), { text: 'Sorry.' });
    const result = await runAgent(new TestContext(model), { prompt: 'Do it', tools: toolOf(() => 'worked') });
    expect(JSON.stringify(resultsIn(toldTo(model)[1]?.last))).toContain('Invalid input for tool work');
    expect(result.toolCalls).toBe(0);
  });

  it('lets the model read that there is no such tool', async () => {
    const model = saying({ calls: [{ name: 'fly', input: {} }] }, { text: 'Sorry.' });
    await runAgent(new TestContext(model), { prompt: 'Do it' });
    expect(JSON.stringify(resultsIn(toldTo(model)[1]?.last))).toContain('fly');
  });

  it('has the model say something in its last step', async () => {
    const model = saying(call({ n: 1 }), call({ n: 2 }), { text: 'So far.' });
    let worked = 0;
    const result = await runAgent(new TestContext(model), { prompt: 'Do it', maxSteps: 3, tools: toolOf(() => `worked ${String(worked++)}`) });
    expect(toldTo(model).map(({ tools }) => tools)).toEqual([['update_plan', 'work'], ['update_plan', 'work'], []]);
    expect(toldTo(model)[2]?.instructions).toContain('This is your last answer');
    expect(result).toMatchObject({ text: 'So far.', steps: 3 });
  });

  it('ends after so many steps, whatever the model says', async () => {
    let worked = 0;
    const result = await runAgent(new TestContext(saying(call())), { prompt: 'Do it', maxSteps: 4, tools: toolOf(() => `worked ${String(worked++)}`) });
    expect(result).toMatchObject({ finish: 'steps', steps: 4 });
  });

  it('stops when its task is stopped', async () => {
    const context = new TestContext(saying(call(), { text: 'Never' }));
    const running = runAgent(context, { prompt: 'Do it', tools: toolOf(() => { context.stop(new Error('cancelled')); return 'worked'; }) });
    await expect(running).rejects.toThrow('cancelled');
  });

  it('fails with the error of the model', async () => {
    const model = saying({ text: 'Never' });
    model.doStream = () => Promise.reject(new TaskSystemError('MODEL_UNAVAILABLE', 'no room'));
    await expect(rejectionOf(runAgent(new TestContext(model), { prompt: 'Do it' }))).resolves.toMatchObject({ code: 'MODEL_UNAVAILABLE', retryable: true });
  });

  it('ends at once when a tool tells that the budget is spent', async () => {
    const model = saying(call());
    await expect(rejectionOf(runAgent(new TestContext(model), { prompt: 'Do it', tools: toolOf(() => { throw new TaskSystemError('BUDGET_SPENT', 'nothing is left'); }) }))).resolves.toMatchObject({ code: 'BUDGET_SPENT' });
    expect(model.doStreamCalls).toHaveLength(1);
  });
});

describe('runAgent: the guard', () => {
  it('warns who goes in circles, refuses, and ends the run', async () => {
    const model = saying(call({ same: true }));
    let worked = 0;
    const running = runAgent(new TestContext(model), { prompt: 'Do it', tools: toolOf(() => { worked++; return 'the same'; }) });
    await expect(rejectionOf(running)).resolves.toMatchObject({ code: 'AGENT_LOOP', retryable: false });
    expect(worked).toBe(5);
    expect(model.doStreamCalls).toHaveLength(8);
    expect(toldTo(model).findIndex(({ instructions }) => instructions.includes('You are going in circles'))).toBe(3);
    expect(JSON.stringify(resultsIn(toldTo(model)[6]?.last))).toContain('It will be the same again');
  });

  it('can be switched off', async () => {
    const result = await runAgent(new TestContext(saying(call())), { prompt: 'Do it', loopGuard: false, maxSteps: 20, tools: toolOf(() => 'the same') });
    expect(result).toMatchObject({ steps: 20, toolCalls: 19 });
  });

  it('can be made stricter', async () => {
    const model = saying(call());
    await expect(rejectionOf(runAgent(new TestContext(model), { prompt: 'Do it', loopGuard: { warnAt: 2, blockAt: 2, stopAt: 3 }, tools: toolOf(() => 'the same') }))).resolves.toMatchObject({ code: 'AGENT_LOOP' });
    expect(model.doStreamCalls).toHaveLength(3);
  });
});

describe('runAgent: the plan', () => {
  it('is the progress of the task', async () => {
    const context = new TestContext(saying(plan(['look', 'in_progress'], ['mend', 'pending']), plan(['look', 'done'], ['mend', 'in_progress']), { text: 'Done.' }));
    const result = await runAgent(context, { prompt: 'Do it' });
    expect(context.reports.map(([percent, message]) => [percent, message])).toEqual([[0, 'look'], [50, 'mend']]);
    expect(result.plan).toEqual([{ text: 'look', status: 'done' }, { text: 'mend', status: 'in_progress' }]);
  });

  it('may be repeated without going in circles', async () => {
    const context = new TestContext(saying(...Array.from({ length: 12 }, () => plan(['look', 'in_progress'])), { text: 'Done.' }));
    await expect(runAgent(context, { prompt: 'Do it' })).resolves.toMatchObject({ finish: 'done' });
  });

  it('can be left out', async () => {
    const model = saying({ text: 'Done.' });
    await runAgent(new TestContext(model), { prompt: 'Do it', plan: false });
    expect(toldTo(model)[0]).toMatchObject({ tools: [], instructions: 'You are of this project.' });
  });
});

describe('runAgent: what is remembered', () => {
  it('is what it said last, in one line', async () => {
    const context = new TestContext(saying({ text: 'Found the bug:\n\n  an off-by-one.' }));
    await runAgent(context, { prompt: 'Do it' });
    expect(context.remembered).toEqual(['Found the bug: an off-by-one.']);
  });

  it('has at most 400 characters', async () => {
    const context = new TestContext(saying({ text: 'word '.repeat(500) }));
    await runAgent(context, { prompt: 'Do it' });
    expect(context.remembered[0]).toHaveLength(400);
  });

  it('is nothing when nothing was said, or nothing shall be', async () => {
    const [silent, unasked] = [new TestContext(saying({})), new TestContext(saying({ text: 'Done.' }))];
    await runAgent(silent, { prompt: 'Do it' });
    await runAgent(unasked, { prompt: 'Do it', remember: false });
    expect([silent.remembered, unasked.remembered]).toEqual([[], []]);
  });

  it('is no reason to fail where the type may not write', async () => {
    const context = new TestContext(saying({ text: 'Done.' }));
    context.refusal = new TaskSystemError('MEMORY_FORBIDDEN', 'no');
    await expect(runAgent(context, { prompt: 'Do it' })).resolves.toMatchObject({ text: 'Done.' });
  });
});

describe('runAgent: sub-agents', () => {
  const spawn = (type: string, input: unknown): Said['calls'] => [{ name: 'spawn_task', input: { type, input } }];

  it('starts tasks and waits for them', async () => {
    const model = saying({ calls: [...spawn('look', 'left') ?? [], ...spawn('look', { at: 'right' }) ?? []] }, { calls: [{ name: 'wait_tasks', input: {} }] }, { text: 'Done.' });
    const context = new TestContext(model);
    await runAgent(context, { prompt: 'Do it', subAgents: ['look'] });
    expect(context.spawned).toEqual([{ type: 'look', input: 'left' }, { type: 'look', input: { at: 'right' } }]);
    expect(resultsIn(toldTo(model)[1]?.last)).toEqual([{ id: 'child-1' }, { id: 'child-2' }]);
    expect(resultsIn(toldTo(model)[2]?.last)).toEqual([[
      { id: 'child-1', type: 'look', state: 'completed', result: 'result 0' }, { id: 'child-2', type: 'look', state: 'completed', result: 'result 1' },
    ]]);
  });

  it('tells of a child that failed', async () => {
    const model = saying({ calls: spawn('look', null) ?? [] }, { calls: [{ name: 'wait_tasks', input: { ids: ['child-1'] } }] }, { text: 'Done.' });
    const context = new TestContext(model);
    context.outcome = () => ({ state: 'failed', error: { name: 'Error', message: 'fell over' } });
    await runAgent(context, { prompt: 'Do it', subAgents: ['look'] });
    expect(resultsIn(toldTo(model)[2]?.last)).toEqual([[{ id: 'child-1', type: 'look', state: 'failed', error: 'fell over' }]]);
  });

  it('cuts a result that is too long to be read', async () => {
    const model = saying({ calls: spawn('look', null) ?? [] }, { calls: [{ name: 'wait_tasks', input: {} }] }, { text: 'Done.' });
    const context = new TestContext(model);
    context.outcome = () => ({ state: 'completed', result: 'x'.repeat(10_000) });
    await runAgent(context, { prompt: 'Do it', subAgents: ['look'] });
    expect(JSON.stringify(resultsIn(toldTo(model)[2]?.last))).toContain('… (10002 characters)');
  });

  it('starts no other types than it may', async () => {
    const model = saying({ calls: spawn('delete-all', null) ?? [] }, { text: 'Sorry.' });
    const context = new TestContext(model);
    await runAgent(context, { prompt: 'Do it', subAgents: ['look'] });
    expect(context.spawned).toEqual([]);
    expect(JSON.stringify(resultsIn(toldTo(model)[1]?.last))).toMatch(/look|Invalid input/);
  });

  it('waits for no tasks but its own', async () => {
    const model = saying({ calls: [{ name: 'wait_tasks', input: { ids: ['somebody-elses'] } }] }, { text: 'Sorry.' });
    await runAgent(new TestContext(model), { prompt: 'Do it', subAgents: ['look'] });
    expect(JSON.stringify(resultsIn(toldTo(model)[1]?.last))).toContain('none of yours');
  });

  it('are not there unless they are asked for', async () => {
    const model = saying({ text: 'Done.' });
    await runAgent(new TestContext(model), { prompt: 'Do it' });
    expect(toldTo(model)[0]?.tools).toEqual(['update_plan']);
  });
});
