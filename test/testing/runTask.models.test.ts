import { describe, expect, it } from 'vitest';
import { runAgent } from '../../src/lib/task-system/agent/runAgent.ts';
import { defineTask } from '../../src/lib/task-system/core/defineTask.ts';
import { runTask } from '../../src/lib/task-system/testing/runTask.ts';
import { saying } from '../agent/support.ts';
import { rejectionOf } from '../support/thrown.ts';

const agent = defineTask({ run: async (context) => (await runAgent(context, { prompt: 'Write a note.' })).text });

describe('runTask: models', () => {
  it('lets an agent work with a model that says what the test wants', async () => {
    const model = saying({ calls: [{ name: 'fs_write', input: { path: 'note.md', content: 'Bees dance.' } }] }, { text: 'Written.' });
    const { result, toolCalls, modelCalls, remembered } = await runTask(agent, { models: { default: model } });
    expect(result).toBe('Written.');
    expect(toolCalls).toMatchObject([{ tool: 'fs.write', input: { path: 'note.md' }, outcome: 'ok' }]);
    expect(modelCalls).toMatchObject([{ model: 'default', outcome: 'ok', inputTokens: 10, outputTokens: 5 }, { model: 'default', outcome: 'ok' }]);
    expect(remembered).toEqual(['Written.']);
  });

  it('shows an agent what was denied', async () => {
    const model = saying({ calls: [{ name: 'fs_write', input: { path: 'a', content: '' } }] }, { text: 'Then not.' });
    const { result, toolCalls } = await runTask(agent, { models: { default: model }, policy: { ask: ['fs.write'] }, approve: () => false });
    expect([result, toolCalls.map(({ outcome }) => outcome)]).toEqual(['Then not.', ['denied']]);
    expect(JSON.stringify(model.doStreamCalls[1]?.prompt)).toContain('denied by the test');
  });

  it('knows the models that it was given, and no others', async () => {
    expect((await rejectionOf(runTask(agent))).code).toBe('MODEL_UNKNOWN');
    expect((await rejectionOf(runTask(agent, { models: { small: saying({ text: 'x' }) } }))).code).toBe('MODEL_UNKNOWN');
  });
});
