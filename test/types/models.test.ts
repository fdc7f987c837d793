import type { LanguageModelV4 } from '@ai-sdk/provider';
import { MockLanguageModelV4 } from 'ai/test';
import { describe, expect, it } from 'vitest';
import type { TaskModel } from '../../src/lib/task-system/types/Models.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import { DEFAULTS } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { thrownBy } from '../support/thrown.ts';

const language = new MockLanguageModelV4();
const server = { baseURL: 'http://127.0.0.1:1/v1', model: 'm' };

function parse(rest: object): ReturnType<typeof parseTaskSystemOptions> {
  return parseTaskSystemOptions({ root: '/tmp/x', tasks: { a: { module: '/a.js' } }, ...rest });
}

function problems(rest: object): unknown {
  return thrownBy(() => parse(rest)).details['problems'];
}

describe('options.models', () => {
  it('takes a language model of the AI SDK as it is', () => {
    expect(parse({ models: { default: language } }).models.get('default')).toEqual({ name: 'default', model: language, providerOptions: {}, ...DEFAULTS.model });
  });

  it('takes one with settings', () => {
    expect(parse({ models: { small: { model: language, maxParallel: 2, price: { input: 1, output: 2 } } } }).models.get('small')).toMatchObject({ name: 'small', model: language, maxParallel: 2, price: { input: 1, output: 2 } });
  });

  it('takes the address of a server', () => {
    expect(parse({ models: { local: { ...server, apiKey: 'k' } } }).models.get('local')?.model).toEqual({ baseURL: server.baseURL, id: 'm', apiKey: 'k' });
  });

  it('is empty by default', () => {
    expect(parse({}).models.size).toBe(0);
  });

  it.each([
    ['something else', { default: 'gpt' }, 'models.default', 'expected a language model of the AI SDK 7, or an object with it, got "gpt" (string)'],
    ['a name without an address', { default: { model: 'm' } }, 'models.default.baseURL', 'expected the address of the server that knows the model, got nothing'],
    ['an address without a name', { default: { model: language, baseURL: server.baseURL } }, 'models.default.model', 'expected the name of a model, as there is a baseURL, got an object of class MockLanguageModelV4'],
    ['an address that is none', { default: { ...server, baseURL: 'file:///etc' } }, 'models.default.baseURL', 'expected an address that begins with http:// or https://, got "file:///etc" (string)'],
    ['an older model', { default: { model: { ...server, specificationVersion: 'v2' } } }, 'models.default.model', 'expected a language model of the AI SDK 7, or with baseURL the name of a model, got an object'],
    ['an unknown setting', { default: { ...server, maxParalel: 2 } }, 'models.default.maxParalel', 'unknown option, did you mean "maxParallel"?'],
  ])('refuses %s', (_what, models, path, message) => {
    expect(problems({ models })).toEqual([{ path, message }]);
  });

  it('never shows a key', () => {
    expect(JSON.stringify(problems({ models: { default: { ...server, apiKey: '' } } }))).toContain('got a string');
    expect(JSON.stringify(problems({ models: { default: { ...server, apiKey: 'sk-\0secret' } } }))).not.toContain('secret');
  });
});

describe('options.tasks.<name>.models', () => {
  it('takes names of models', () => {
    expect(parse({ models: { small: language }, tasks: { a: { module: '/a.js', models: ['small'] } } }).types.get('a')?.models).toEqual(['small']);
  });

  it('refuses names that there are not', () => {
    expect(problems({ models: { small: language }, tasks: { a: { module: '/a.js', models: ['big'] } } })).toEqual([{ path: 'tasks.a.models[0]', message: 'expected one of the names of `models` (small), got "big" (string)' }]);
  });
});

describe('options.budgets', () => {
  it('are on by default', () => {
    expect(parse({}).budgets).toEqual(DEFAULTS.budgets);
  });

  it('keep the defaults of what is left out', () => {
    expect(parse({ budgets: { task: { modelCalls: 3 }, project: { windowMs: 3_600_000 } } }).budgets).toEqual({
      task: { ...DEFAULTS.budgets.task, modelCalls: 3 }, tree: DEFAULTS.budgets.tree, project: { ...DEFAULTS.budgets.project, windowMs: 3_600_000 },
    });
  });

  it('refuse what is no amount', () => {
    expect(problems({ budgets: { task: { cost: -1, turns: 0.5 } } })).toEqual([
      { path: 'budgets.task.cost', message: 'expected false or a number >= 0, got -1' },
      { path: 'budgets.task.turns', message: 'expected false or an integer >= 0, got 0.5' },
    ]);
  });

  it('of a type bound only what it names', () => {
    expect(parse({ tasks: { a: { module: '/a.js', budget: { cost: 2 } } } }).types.get('a')?.budget).toEqual({ cost: 2 });
  });
});

describe('DEFAULTS.budgets', () => {
  it.each([['tree', 4], ['project', 20]] as const)('of a %s are %i times those of a task', (scope, times) => {
    const { task } = DEFAULTS.budgets;
    const { modelCalls, inputTokens, outputTokens, cost, toolCalls, turns } = DEFAULTS.budgets[scope];
    expect([modelCalls, inputTokens, outputTokens, cost, toolCalls, turns]).toEqual(Object.values(task).map((amount) => amount * times));
  });
});

describe('TaskModel', () => {
  it('is a language model of the AI SDK', () => {
    const asLanguageModel = (model: TaskModel): LanguageModelV4 => model;
    expect(asLanguageModel).toBeTypeOf('function');
  });
});
