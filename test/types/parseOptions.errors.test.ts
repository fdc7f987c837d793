import { describe, expect, it } from 'vitest';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import { thrownBy } from '../support/thrown.ts';

const MODULE = new URL('file:///srv/app/research.js');
const VALID = { root: '/r', tasks: { a: { module: MODULE } } };

/** The problems found in options that are right but for what is given. */
function problemsOf(more: object): unknown {
  const error = thrownBy(() => parseTaskSystemOptions({ ...VALID, ...more }));
  expect(error.code).toBe('OPTIONS_INVALID');
  return error.details['problems'];
}

function problemsOfType(type: object): unknown {
  return problemsOf({ tasks: { a: { module: MODULE, ...type } } });
}

function pathOf(problem: unknown): string {
  return typeof problem === 'object' && problem !== null && 'path' in problem ? String(problem.path) : '';
}

describe('parseTaskSystemOptions: wrong values', () => {
  it.each([
    ['root', { root: 3 }, 'expected a path, got 3'],
    ['root', { root: '' }, 'expected a path, got "" (string)'],
    ['root', { root: undefined }, 'expected a path, got nothing'],
    ['root', { root: 'a\0b' }, 'expected a path, got "a\\u0000b" (string)'],
    ['tasks', { tasks: [] }, 'expected an object of task types, got an array'],
    ['tasks.b', { tasks: { b: null } }, 'expected an object, got null'],
    ['projects', { projects: 'acme' }, 'expected an object of projects, got "acme" (string)'],
    ['queue', { queue: 5 }, 'expected an object, got 5'],
    ['queue.maxConcurrent', { queue: { maxConcurrent: 0 } }, 'expected an integer >= 1, got 0'],
    ['queue.maxConcurrent', { queue: { maxConcurrent: 1.5 } }, 'expected an integer >= 1, got 1.5'],
    ['queue.maxConcurrent', { queue: { maxConcurrent: Infinity } }, 'expected an integer >= 1, got Infinity'],
    ['queue.maxPending', { queue: { maxPending: true } }, 'expected false or an integer >= 1, got true (boolean)'],
    ['queue.spares', { queue: { spares: -1 } }, 'expected an integer >= 0, got -1'],
    ['queue.maxInterruptions', { queue: { maxInterruptions: 2n } }, 'expected an integer >= 0, got 2n (bigint)'],
    ['limits.inputBytes', { limits: { inputBytes: NaN } }, 'expected an integer >= 0, got NaN'],
    ['storage.retention.maxCount', { storage: { retention: { maxCount: '1' } } }, 'expected an integer >= 0, got "1" (string)'],
    ['sandbox.cgroup', { sandbox: { cgroup: 'groups/app' } }, 'expected "own" or an absolute path, got "groups/app" (string)'],
    ['limits.cpus', { limits: { cpus: 0 } }, 'expected false or a number >= 0.01, got 0'],
    ['limits.cpus', { limits: { cpus: true } }, 'expected false or a number >= 0.01, got true (boolean)'],
    ['sandbox.niceness', { sandbox: { niceness: 20 } }, 'expected an integer from 0 to 19, got 20'],
    ['sandbox.env', { sandbox: { env: 'HOME' } }, 'expected an array of names, got a string'],
    ['sandbox.env[1]', { sandbox: { env: ['HOME', 'A=B'] } }, 'expected the name of an environment variable, got a string'],
    ['projects.acme.weight', { projects: { acme: { weight: 0 } } }, 'expected a number > 0, got 0'],
    ['hooks.onTaskStart', { hooks: { onTaskStart: 'x' } }, 'expected a function, got "x" (string)'],
    ['logger', { logger: new Map() }, 'expected a logger with the methods debug, info, warn and error, got an object of class Map'],
  ])('names %s', (path, more, message) => {
    expect(problemsOf(more)).toEqual([{ path, message }]);
  });

  it.each([
    ['queue', 'agingMs', { queue: { agingMs: -1 } }, 'false or a number of milliseconds from 0 to'],
    ['storage', 'lockTimeoutMs', { storage: { lockTimeoutMs: Infinity } }, 'a number of milliseconds from 0 to'],
    ['workspaces', 'keepFailedMs', { workspaces: { keepFailedMs: '1' } }, 'a number of milliseconds from 0 to'],
  ])('names the range of %s.%s', (group, key, more, phrase) => {
    const [problem] = [problemsOf(more)].flat();
    expect(problem).toMatchObject({ path: `${group}.${key}` });
    expect(JSON.stringify(problem)).toContain(`expected ${phrase}`);
  });

  it.each([
    ['tasks.a.module', { module: './a.js' }, 'expected a file: URL or an absolute path, such as new URL("./handler.js", import.meta.url), got "./a.js" (string)'],
    ['tasks.a.module', { module: new URL('https://x.test/a.js') }, 'expected a file: URL or an absolute path, such as new URL("./handler.js", import.meta.url), got the URL https://x.test/a.js'],
    ['tasks.a.input', { input: { parse: () => 1 } }, 'expected a Standard Schema, such as one made with zod, got an object'],
    ['tasks.a.retry.maxAttempts', { retry: { maxAttempts: '3' } }, 'expected an integer >= 1, got "3" (string)'],
    ['tasks.a.retry.factor', { retry: { factor: 0.5 } }, 'expected a number >= 1, got 0.5'],
    ['tasks.a.onInterrupt', { onInterrupt: 'requeue' }, 'expected one of "retry", "fail", got "requeue" (string)'],
    ['tasks.a.env', { env: ['A'] }, 'expected an object of strings, got an array'],
  ])('names %s', (path, type, message) => {
    expect(problemsOfType(type)).toEqual([{ path, message }]);
  });

  it('does not print the value of an environment variable', () => {
    expect(problemsOfType({ env: { TOKEN: 'hush\0hush' } })).toEqual([{ path: 'tasks.a.env.TOKEN', message: 'expected a string without NUL, got a string' }]);
  });

  it('cuts a long value short', () => {
    expect(JSON.stringify(problemsOf({ queue: 'x'.repeat(5_000) })).length).toBeLessThan(200);
  });

  it.each([undefined, null, 'x', 7, []])('refuses %j in place of the options', (value) => {
    expect(thrownBy(() => parseTaskSystemOptions(value)).message).toMatch(/expected an object, got (nothing|null|"x" \(string\)|7|an array)/);
  });

  it('names the key of a task type or project that cannot be a name', () => {
    const expected = 'expected a name of 1 to 128 characters, without control characters, slashes or backslashes as key';
    const other = expected.replace(' as key', ', other than "group" as key');
    expect(problemsOf({ tasks: { 'a/b': { module: MODULE } } })).toEqual([{ path: 'tasks["a/b"]', message: other }]);
    expect(problemsOf({ projects: { '..': {} } })).toEqual([{ path: 'projects[".."]', message: expected }]);
  });
});

describe('parseTaskSystemOptions: unknown options', () => {
  it.each([
    ['queue.maxConcurency', { queue: { maxConcurency: 2 } }, 'unknown option, did you mean "maxConcurrent"?'],
    ['Queue', { Queue: {} }, 'unknown option, did you mean "queue"?'],
    ['maxConcurrent', { maxConcurrent: 2 }, 'unknown option here, did you mean "queue.maxConcurrent"?'],
    ['timeoutMs', { timeoutMs: 2 }, 'unknown option here, did you mean "tasks.<name>.timeoutMs"?'],
    ['queue.colour', { queue: { colour: 'red' } }, 'unknown option; known are maxConcurrent, agingMs, maxPending, spares, maxInterruptions, maxWaiting'],
    ['projects.p.weigth', { projects: { p: { weigth: 1 } } }, 'unknown option, did you mean "weight"?'],
  ])('suggests a name for %s', (path, more, message) => {
    expect(problemsOf(more)).toEqual([{ path, message }]);
  });
});

describe('parseTaskSystemOptions: several problems', () => {
  it('names all of them, also the rules between options', () => {
    const problems = problemsOf({
      root: '',
      tasks: { a: { module: 'x.js', retry: { maxAttempts: 0, baseDelayMs: 9, maxDelayMs: 3 } } },
      queue: { maxConcurrent: 2, sparse: 1 },
      projects: { p: { maxConcurrent: 3 } },
    });
    expect([problems].flat().map(pathOf).sort()).toEqual([
      'projects.p.maxConcurrent', 'queue.sparse', 'root', 'tasks.a.module', 'tasks.a.retry.baseDelayMs', 'tasks.a.retry.maxAttempts',
    ]);
  });

  it('puts all of them into the message', () => {
    const { message } = thrownBy(() => parseTaskSystemOptions({ root: 1, tasks: 2 }));
    expect(message).toContain('root: expected a path, got 1; tasks: expected an object of task types, got 2.');
  });
});

describe('parseTaskSystemOptions: rules between options', () => {
  it('refuses a base delay above the maximum, naming both', () => {
    expect(problemsOfType({ retry: { baseDelayMs: 500, maxDelayMs: 100 } })).toEqual([
      { path: 'tasks.a.retry.baseDelayMs', message: 'expected at most maxDelayMs (100), got 500' },
    ]);
  });

  it('refuses a base delay above the default of the maximum', () => {
    expect(problemsOfType({ retry: { baseDelayMs: 300_001 } })).toEqual([
      { path: 'tasks.a.retry.baseDelayMs', message: 'expected at most maxDelayMs (300000, its default), got 300001' },
    ]);
  });

  it('accepts a maximum below the default of the base delay', () => {
    expect(parseTaskSystemOptions({ ...VALID, tasks: { a: { module: MODULE, retry: { maxDelayMs: 10 } } } }).types.get('a')?.retry.baseDelayMs).toBe(10);
  });

  it('refuses a project that may run more than the queue, naming both', () => {
    expect(problemsOf({ projects: { p: { maxConcurrent: 6 } } })).toEqual([
      { path: 'projects.p.maxConcurrent', message: 'expected at most queue.maxConcurrent (5), got 6' },
    ]);
  });

  it('accepts a project that may run as much as the queue', () => {
    const resolved = parseTaskSystemOptions({ ...VALID, queue: { maxConcurrent: 6 }, projects: { p: { maxConcurrent: 6 } } });
    expect(resolved.project('p').maxConcurrent).toBe(6);
  });
});
