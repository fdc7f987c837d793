import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTaskContext, type ProgressReport } from '../../src/lib/task-system/core/TaskContext.ts';
import type { TaskContext } from '../../src/lib/task-system/types/Handler.ts';
import { parseJson, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { StartedTask } from '../../src/lib/task-system/types/Protocol.ts';
import { childMessageSchema, type ChildMessage } from '../../src/lib/task-system/types/ProtocolSchema.ts';

const WORKSPACE = '/work/task-1.1';
const started: StartedTask = { id: 'task-1', type: 'research', project: 'acme', attempt: 2, maxAttempts: 3, rootId: 'task-0', parentId: 'task-0', metadata: { user: 'u1' }, input: { topic: 'bees' } };

interface Setup {
  readonly context: TaskContext<unknown>;
  readonly sent: ChildMessage[];
  readonly reports: ProgressReport[];
  readonly calls: JsonValue[];
  readonly stop: AbortController;
}

function setUp(answer: JsonValue | Error = { id: 'child-1' }, workspace = WORKSPACE): Setup {
  const sent: ChildMessage[] = [];
  const reports: ProgressReport[] = [];
  const calls: JsonValue[] = [];
  const stop = new AbortController();
  const context = createTaskContext(started, 'parsed input', workspace, {
    send: (message) => { sent.push(message); },
    reportProgress: (report) => { reports.push(report); },
    call: (_method, params) => {
      calls.push(params);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    signal: stop.signal,
  });
  return { context, sent, reports, calls, stop };
}

/** Calls a function of the context as plain JavaScript may: with anything. */
function callLoosely(fn: (...args: never[]) => unknown, ...args: readonly unknown[]): void {
  Reflect.apply(fn, undefined, args);
}

function nested(depth: number): JsonValue {
  return parseJson(`${'['.repeat(depth)}${']'.repeat(depth)}`);
}

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

/** Whether the host would take a message. */
function isAccepted(message: unknown): boolean {
  return childMessageSchema.safeParse(JSON.parse(JSON.stringify(message))).success;
}

describe('createTaskContext', () => {
  it('shows the task, and the input as its schema left it', () => {
    const { context } = setUp();
    const { input: _input, ...task } = started;
    expect(context.task).toEqual(task);
    expect(context.input).toBe('parsed input');
  });

  it('passes the signal on', () => {
    const { context, stop } = setUp();
    expect(context.signal.aborted).toBe(false);
    stop.abort();
    expect(context.signal.aborted).toBe(true);
  });

  it('works when its functions are taken out of it', () => {
    const { context: { log: { info }, progress, workspace: { resolve } }, sent, reports } = setUp();
    info('hello');
    progress(5);
    expect([sent.length, reports.length, resolve('a')]).toEqual([1, 1, `${WORKSPACE}/a`]);
  });
});

describe('TaskContext.workspace.resolve', () => {
  const { resolve } = setUp().context.workspace;

  it.each([
    [[], WORKSPACE],
    [['.'], WORKSPACE],
    [['notes.md'], `${WORKSPACE}/notes.md`],
    [['a', 'b', 'c.txt'], `${WORKSPACE}/a/b/c.txt`],
    [['a/../b'], `${WORKSPACE}/b`],
    [['a', '..', 'b'], `${WORKSPACE}/b`],
    [['..data'], `${WORKSPACE}/..data`],
    [['...'], `${WORKSPACE}/...`],
    [[WORKSPACE, 'x'], `${WORKSPACE}/x`],
    [['with space/蜂'], `${WORKSPACE}/with space/蜂`],
  ])('%j lies inside', (names, expected) => {
    expect(resolve(...names)).toBe(expected);
  });

  it.each([[['..']], [['../task-2.1']], [['a', '../..']], [['/etc/passwd']], [['/']], [['a/../../b']], [['../task-1.10']], [['/work/task-1.1.evil']], [['/work/task-1.1', '..']]])('refuses %j, which lies outside', (names) => {
    expect(() => resolve(...names)).toThrow(TypeError);
    expect(() => resolve(...names)).toThrow('outside the workspace');
  });

  it('never leads out of the workspace, whatever names it gets', () => {
    const name = fc.oneof(fc.constantFrom('..', '.', '', '/', '//', '../', 'a', '..a', 'a/..', '/etc', WORKSPACE, `${WORKSPACE}/..`), fc.string());
    fc.assert(fc.property(fc.array(name, { maxLength: 6 }), (names) => {
      let target: string;
      try {
        target = resolve(...names);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(target === WORKSPACE || target.startsWith(`${WORKSPACE}/`)).toBe(true);
      expect(path.normalize(target)).toBe(target);
    }));
  });

  it('works in a workspace at the top of the file system', () => {
    const { context } = setUp({ id: 'x' }, '/workspace');
    expect(context.workspace.resolve('a')).toBe('/workspace/a');
    expect(() => context.workspace.resolve('../workspace-2')).toThrow(TypeError);
  });
});

describe('TaskContext.progress', () => {
  it('reports percent, message and data', () => {
    const { context, reports } = setUp();
    context.progress(12.5, 'reading', { page: 3 });
    context.progress(50);
    expect(reports).toEqual([{ percent: 12.5, message: 'reading', data: { page: 3 } }, { percent: 50 }]);
  });

  it.each([[-1, 0], [-Infinity, 0], [100.1, 100], [1e300, 100], [Infinity, 100], [Number.NaN, 0], ['50', 0], [undefined, 0], [null, 0], [10n, 0], [{}, 0]])('takes %s for %i', (percent, expected) => {
    const { context, reports } = setUp();
    callLoosely(context.progress, percent);
    expect(reports).toEqual([{ percent: expected }]);
  });

  it('cuts a long message', () => {
    const { context, reports } = setUp();
    context.progress(1, 'x'.repeat(10_000));
    expect(reports[0]?.message).toHaveLength(4_096);
  });
});

describe('TaskContext.log', () => {
  it('sends lines of each level, with data', () => {
    const { context, sent } = setUp();
    context.log.debug('a');
    context.log.info('b', { n: 1 });
    context.log.warn('c', null);
    context.log.error('d', [1, 2]);
    expect(sent).toEqual([
      { type: 'log', level: 'debug', text: 'a' },
      { type: 'log', level: 'info', text: 'b', data: { n: 1 } },
      { type: 'log', level: 'warn', text: 'c', data: null },
      { type: 'log', level: 'error', text: 'd', data: [1, 2] },
    ]);
  });

  it('sends data as it was when it was logged', () => {
    const { context, sent } = setUp();
    const data = { n: 1 };
    context.log.info('x', data);
    data.n = 2;
    expect(sent).toMatchObject([{ data: { n: 1 } }]);
  });

  it('cuts a long text', () => {
    const { context, sent } = setUp();
    context.log.info('x'.repeat(100_000));
    expect(sent).toEqual([{ type: 'log', level: 'info', text: 'x'.repeat(8_192) }]);
  });

  it('leaves out data that is too large, and sends the text', () => {
    const { context, sent } = setUp();
    context.log.info('fits', 'x'.repeat(16_382));
    context.log.info('too large', 'x'.repeat(16_383));
    expect(sent).toEqual([{ type: 'log', level: 'info', text: 'fits', data: 'x'.repeat(16_382) }, { type: 'log', level: 'info', text: 'too large' }]);
  });

  it('leaves out data that is nested too deep for the host', () => {
    const { context, sent } = setUp();
    context.log.info('deep', nested(102));
    context.log.info('deepest', nested(5_000));
    context.log.info('fits', nested(101));
    expect(sent.map((message) => 'data' in message)).toEqual([false, false, true]);
    expect(sent.every(isAccepted)).toBe(true);
  });

  it.each([['a cycle', cyclic], ['a BigInt', 1n], ['a function', () => 1], ['a getter that throws', { get x(): never { throw new Error('no'); } }]])('leaves out data that is no JSON: %s', (_name, data) => {
    const { context, sent } = setUp();
    callLoosely(context.log.info, 'text', data);
    expect(sent).toEqual([{ type: 'log', level: 'info', text: 'text' }]);
  });

  it.each<[string, unknown, string]>([
    ['an object', { n: 1 }, '{"n":1}'],
    ['a list', [1, 'two'], '[1,"two"]'],
    ['a number', 7, '7'],
    ['null', null, 'null'],
    ['nothing', undefined, 'undefined'],
    ['a BigInt', 10n, '10'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a cycle', cyclic, '[object Object]'],
  ])('writes %s as text where plain JavaScript passes it', (_name, text, expected) => {
    const { context, sent } = setUp();
    callLoosely(context.log.info, text);
    expect(sent).toEqual([{ type: 'log', level: 'info', text: expected }]);
  });
});

describe('TaskContext reports', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSet: true, withSparseArray: true, withTypedArray: true });

  it('never break the task that makes them, and the host takes them all, whatever they are made of', () => {
    fc.assert(fc.property(fc.array(anything, { maxLength: 3 }), fc.constantFrom('debug', 'info', 'warn', 'error'), (args, level) => {
      const { context, sent, reports } = setUp();
      callLoosely(context.log[level], ...args);
      callLoosely(context.progress, ...args);
      const messages = [...sent, ...reports.map((report) => ({ type: 'progress', ...report }))];
      expect(messages).toHaveLength(2);
      for (const message of messages) expect(isAccepted(message)).toBe(true);
    }), { numRuns: 500 });
  });
});

describe('TaskContext.subtasks.spawn', () => {
  it('asks the host and gives the id of the child', async () => {
    const { context, calls } = setUp({ id: 'child-7', more: 1 });
    await expect(context.subtasks.spawn({ type: 'research', input: { part: 1 }, priority: 'high' })).resolves.toMatchObject({ id: 'child-7' });
    expect(calls).toEqual([{ type: 'research', input: { part: 1 }, priority: 'high' }]);
  });

  it('rejects with what the host says', async () => {
    const error = new Error('QUEUE_FULL');
    await expect(setUp(error).context.subtasks.spawn({ type: 'research' })).rejects.toBe(error);
  });

  it.each<[string, JsonValue]>([['nothing', null], ['a text', 'child-7'], ['an id that is no text', { id: 7 }], ['a list', [{ id: 'child-7' }]]])('rejects when the host answers with %s', async (_name, answer) => {
    await expect(setUp(answer).context.subtasks.spawn({ type: 'research' })).rejects.toThrow(TypeError);
  });

  it('rejects a submission that is no JSON, or too deep, without asking the host', async () => {
    const { context, calls } = setUp();
    for (const input of [cyclic, 1n, nested(200)]) await expect(Reflect.apply(context.subtasks.spawn, undefined, [{ type: 'research', input }])).rejects.toThrow(TypeError);
    expect(calls).toEqual([]);
  });
});

describe('workspace.keep', () => {
  it.each([['a.txt', 'a.txt'], ['./sub/a.txt', 'sub/a.txt'], [`${WORKSPACE}/sub/a.txt`, 'sub/a.txt'], ['sub/../a.txt', 'a.txt'], ['.', '']])('names %s to the host as the path %j below the workspace', async (given, path) => {
    const { context, calls } = setUp({ path, bytes: 3 });
    expect(await context.workspace.keep(given)).toEqual({ path, bytes: 3 });
    expect(calls).toEqual([{ path }]);
  });

  it.each(['..', '../other', '/etc/passwd', `${WORKSPACE}2/a`])('refuses %s, which lies outside, without asking', async (given) => {
    const { context, calls } = setUp();
    await expect(context.workspace.keep(given)).rejects.toThrow(TypeError);
    expect(calls).toEqual([]);
  });

  it('rejects with what the host says', async () => {
    await expect(setUp(new Error('refused')).context.workspace.keep('a')).rejects.toThrow('refused');
  });

  it.each([null, {}, { path: 'a' }, { bytes: 1 }, []])('rejects an answer that is none: %j', async (answer) => {
    await expect(setUp(answer).context.workspace.keep('a')).rejects.toThrow('without its file');
  });
});
