import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ChildRuntime, type ChildHost } from '../../../src/lib/task-system/core/child/ChildRuntime.ts';
import type { Pace, Transport, TransportListener } from '../../../src/lib/task-system/core/child/ProcessTransport.ts';
import { serializeError, TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import type { JsonValue } from '../../../src/lib/task-system/types/Json.ts';
import { PROTOCOL_VERSION, type ParentMessage } from '../../../src/lib/task-system/types/Protocol.ts';
import { childMessageSchema, type ChildMessage } from '../../../src/lib/task-system/types/ProtocolSchema.ts';
import { turns, until } from '../until.ts';

const WORKSPACE = '/work/task-1.1';

/** The process that a runtime believes to live in. */
class FakeHost implements ChildHost {
  readonly pid = 4_711;
  readonly env: NodeJS.ProcessEnv = { PATH: '/bin' };
  title = '';
  readonly directories: string[] = [];
  readonly kills: (readonly [number, string])[] = [];
  groupIsGone = false;
  readonly #listeners = new Map<string, (reason: unknown) => void>();

  chdir(directory: string): void {
    this.directories.push(directory);
  }

  kill(pid: number, signal: NodeJS.Signals): void {
    this.kills.push([pid, signal]);
    if (pid < 0 && this.groupIsGone) throw new Error('ESRCH');
  }

  on(event: string, listener: (reason: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  /** Something goes wrong that nobody catches. */
  raise(event: 'uncaughtException' | 'unhandledRejection', reason: unknown): void {
    this.#listeners.get(event)?.(reason);
  }
}

/** The host's end of the channel, in memory. */
class FakeTransport implements Transport {
  readonly sent: ChildMessage[] = [];
  tell: (message: ParentMessage) => void = () => undefined;
  hangUp: () => void = () => undefined;
  /** How it may wait now. */
  pace: () => Pace = () => 'running';

  send(message: ChildMessage): void {
    this.sent.push(message);
  }

  listen({ onMessage, onGone, pace }: TransportListener): void {
    this.tell = onMessage;
    this.hangUp = onGone;
    this.pace = pace;
  }

  /** Messages of one type, in order. */
  of<Type extends ChildMessage['type']>(type: Type): readonly Extract<ChildMessage, { readonly type: Type }>[] {
    return this.sent.filter((message): message is Extract<ChildMessage, { readonly type: Type }> => message.type === type);
  }

  outcomes(): readonly ChildMessage[] {
    return this.sent.filter(({ type }) => type === 'result' || type === 'failure');
  }
}

interface Child {
  readonly host: FakeHost;
  readonly transport: FakeTransport;
  /** How often it closed what it was handed without need. */
  readonly cleanings: () => number;
  /** Starts a task whose handler module has this text; `null`: whose module is not there. */
  readonly run: (module: string | null, overrides?: { readonly input?: JsonValue; readonly env?: Readonly<Record<string, string>>; readonly resultBytes?: number }) => void;
  /** The outcome, once it is there. */
  readonly outcome: () => Promise<ChildMessage>;
}

function spawnChild(): Child {
  const host = new FakeHost();
  const transport = new FakeTransport();
  const cleanings: number[] = [];
  new ChildRuntime(transport, host, () => { cleanings.push(1); }).start();
  return {
    host,
    transport,
    cleanings: () => cleanings.length,
    run: (module, { input = null, env = {}, resultBytes = 1_000 } = {}) => {
      const task = { id: 'task-1', type: 'research', project: 'acme', attempt: 1, maxAttempts: 1, rootId: 'task-1', metadata: {}, input };
      const moduleUrl = module === null ? 'file:///not/there.js' : `data:text/javascript,${encodeURIComponent(module)}`;
      transport.tell({ type: 'load', version: PROTOCOL_VERSION, moduleUrl, workspace: WORKSPACE, env });
      transport.tell({ type: 'start', task, resultBytes });
    },
    outcome: async () => {
      await until(() => transport.outcomes().length > 0);
      const [outcome] = transport.outcomes();
      if (outcome === undefined) throw new Error('no outcome');
      return outcome;
    },
  };
}

/** A handler module whose `run` has this body; it knows `context`. */
function handler(body: string): string {
  return `export default { async run(context) { ${body} } };`;
}

describe('ChildRuntime', () => {
  it('says that it is ready, and waits', async () => {
    const { host, transport } = spawnChild();
    await turns();
    expect(transport.sent).toEqual([{ type: 'ready', version: PROTOCOL_VERSION }]);
    expect([host.title, host.directories]).toEqual(['task-system: spare', []]);
  });

  it('runs the handler and sends its result as JSON', async () => {
    const child = spawnChild();
    child.run(handler('return { topic: context.input.topic, id: context.task.id };'), { input: { topic: 'bees' } });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '{"topic":"bees","id":"task-1"}' });
  });

  it('stands in the workspace, with its own environment, before the handler is loaded', async () => {
    const child = spawnChild();
    child.run(handler('return context.workspace.path;'), { env: { KEY: 'value', HOME: '/own' } });
    expect([child.host.directories, child.host.title]).toEqual([[WORKSPACE], 'task-system: research task-1']);
    expect(child.host.env).toEqual({ PATH: '/bin', TMPDIR: WORKSPACE, KEY: 'value', HOME: '/own' });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: JSON.stringify(WORKSPACE) });
  });

  it('loads the handler ahead of its task, and keeps what breaks until there is one', async () => {
    const { host, transport } = spawnChild();
    transport.tell({ type: 'load', version: PROTOCOL_VERSION, moduleUrl: 'data:text/javascript,globalThis.isLoadedEarly = true; export default { run() {} }', workspace: WORKSPACE, env: {} });
    await until(() => Reflect.get(globalThis, 'isLoadedEarly') === true);
    host.raise('uncaughtException', new Error('a timer of the module broke'));
    await turns();
    expect(transport.outcomes()).toEqual([]);
    transport.tell({ type: 'start', task: { id: 'task-1', type: 't', project: 'p', attempt: 1, maxAttempts: 1, rootId: 'task-1', metadata: {}, input: null }, resultBytes: 10 });
    await until(() => transport.outcomes().length > 0);
    expect(transport.outcomes()).toMatchObject([{ type: 'failure', error: { code: 'TASK_FAILED', message: 'a timer of the module broke' } }]);
  });

  it('keeps the failure of a module that was loaded ahead until its task comes', async () => {
    const { transport } = spawnChild();
    transport.tell({ type: 'load', version: PROTOCOL_VERSION, moduleUrl: 'file:///not/there.js', workspace: WORKSPACE, env: {} });
    await turns();
    expect(transport.outcomes()).toEqual([]);
  });

  it('closes what it was handed without need when it is told to, before anything is loaded', async () => {
    const child = spawnChild();
    expect(child.cleanings()).toBe(0);
    child.transport.tell({ type: 'clean' });
    expect(child.cleanings()).toBe(1);
    child.run(handler('return 1;'));
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '1' });
  });

  it('closes nothing once something of the task is loaded: it may be the task\'s', async () => {
    const child = spawnChild();
    child.run(handler('return 1;'));
    child.transport.tell({ type: 'clean' });
    await child.outcome();
    child.transport.tell({ type: 'clean' });
    expect(child.cleanings()).toBe(0);
  });

  it('rehearses without a word, touches nothing, and is none the wiser', async () => {
    const child = spawnChild();
    child.transport.tell({ type: 'rehearse' });
    await turns(50);
    expect(child.transport.sent).toEqual([{ type: 'ready', version: PROTOCOL_VERSION }]);
    expect([child.host.title, child.host.directories, child.host.env, child.host.kills]).toEqual(['task-system: spare', [], { PATH: '/bin' }, []]);
    child.run(handler('return 1;'));
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '1' });
  });

  it('leaves its task alone when that came first', async () => {
    const child = spawnChild();
    child.run(handler('return context.task.id;'));
    child.transport.tell({ type: 'rehearse' });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '"task-1"' });
    expect(child.transport.outcomes()).toHaveLength(1);
  });

  describe('tells how it can wait', () => {
    const load = (moduleUrl: string): ParentMessage => ({ type: 'load', version: PROTOCOL_VERSION, moduleUrl, workspace: WORKSPACE, env: {} });

    it('standing still before it has a task, unless it has rehearsed', () => {
      const { transport } = spawnChild();
      expect(transport.pace()).toBe('still');
      transport.tell({ type: 'rehearse' });
      expect(transport.pace()).toBe('running');
    });

    it.each(['data:text/javascript,export default { run() {} }', 'file:///not/there.js'])('with its event loop while %s is being loaded, and then standing still', async (moduleUrl) => {
      const { transport } = spawnChild();
      transport.tell(load(moduleUrl));
      expect(transport.pace()).toBe('running');
      await until(() => transport.pace() === 'still');
    });

    it('with its event loop until the outcome is told', async () => {
      const child = spawnChild();
      child.run(handler('await context.workspace.keep("file");'));
      await until(() => child.transport.of('call').length === 1);
      expect(child.transport.pace()).toBe('running');
      child.transport.tell({ type: 'reply', id: 0, value: { path: 'file', bytes: 1 } });
      await child.outcome();
      expect(child.transport.pace()).toBe('over');
    });
  });

  it('calls run as a method of its definition', async () => {
    const child = spawnChild();
    child.run('export default { secret: 42, run() { return this.secret; } };');
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '42' });
  });

  it.each([['undefined', 'null'], ['null', 'null'], ['0', '0'], ['""', '""'], ['{ a: undefined }', '{}'], ['new Date(0)', '"1970-01-01T00:00:00.000Z"']])('stores a result of %s as %s', async (value, json) => {
    const child = spawnChild();
    child.run(handler(`return ${value};`));
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json });
  });

  it.each([['a function', '() => 1'], ['a symbol', 'Symbol("s")'], ['a BigInt', '[1n]'], ['a cycle', '(() => { const a = {}; a.a = a; return a; })()'], ['a toJSON that throws', '({ toJSON() { throw new Error("no"); } })']])('refuses a result that is no JSON: %s', async (_name, value) => {
    const child = spawnChild();
    child.run(handler(`return ${value};`));
    await expect(child.outcome()).resolves.toMatchObject({ type: 'failure', error: { code: 'TASK_RESULT_INVALID', retryable: false } });
  });

  it('takes a result of exactly the allowed size and refuses one byte more', async () => {
    const fits = spawnChild();
    fits.run(handler('return "x".repeat(98);'), { resultBytes: 100 });
    await expect(fits.outcome()).resolves.toMatchObject({ type: 'result' });
    const tooLarge = spawnChild();
    tooLarge.run(handler('return "蜂".repeat(33);'), { resultBytes: 100 });
    await expect(tooLarge.outcome()).resolves.toMatchObject({ type: 'failure', error: { code: 'TASK_RESULT_INVALID', details: { bytes: 101, maxBytes: 100 } } });
  });

  it('ignores a second start', async () => {
    const child = spawnChild();
    child.run(handler('return 1;'));
    child.run(handler('return 2;'));
    await child.outcome();
    await turns();
    child.run(handler('return 3;'));
    await turns();
    expect(child.transport.outcomes()).toEqual([{ type: 'result', json: '1' }]);
  });
});

describe('ChildRuntime with a handler that fails', () => {
  it('sends what it threw as the cause of TASK_FAILED', async () => {
    const child = spawnChild();
    child.run(handler('throw Object.assign(new RangeError("no bees"), { code: "E_BEES", details: { hive: 7 }, cause: new Error("inner") });'));
    const outcome = await child.outcome();
    expect(outcome).toMatchObject({ type: 'failure', error: { code: 'TASK_FAILED', message: 'no bees', retryable: true, cause: { name: 'RangeError', code: 'E_BEES', details: { hive: 7 }, cause: { message: 'inner' } } } });
    expect(childMessageSchema.safeParse(outcome).success).toBe(true);
  });

  it('believes an error that says it is not worth another try', async () => {
    const child = spawnChild();
    child.run(handler('throw Object.assign(new Error("for good"), { retryable: false });'));
    await expect(child.outcome()).resolves.toMatchObject({ error: { code: 'TASK_FAILED', retryable: false } });
  });

  it.each([['a text', '"just text"', 'just text'], ['nothing', 'undefined', 'undefined'], ['an object', '{ a: 1 }', '{"a":1}'], ['an error whose message throws', 'Object.defineProperty(new Error(), "message", { get() { throw 1; } })', 'cannot be read']])('survives a handler that throws %s', async (_name, thrown, message) => {
    const child = spawnChild();
    child.run(handler(`throw ${thrown};`));
    const outcome = await child.outcome();
    expect(outcome).toMatchObject({ type: 'failure', error: { code: 'TASK_FAILED' } });
    expect(JSON.stringify(outcome)).toContain(JSON.stringify(message).slice(1, -1));
  });

  it.each([['details', 'details'], ['a cause', 'cause']])('sends an error with %s nested so deep that the host accepts it all the same', async (_name, key) => {
    const child = spawnChild();
    child.run(handler(`let deep = {}; for (let level = 0; level < 500; level++) deep = { deep }; throw Object.assign(new Error("deep"), { ${key}: deep });`));
    const outcome = await child.outcome();
    expect(outcome).toMatchObject({ type: 'failure', error: { code: 'TASK_FAILED', message: 'deep' } });
    expect(childMessageSchema.safeParse(JSON.parse(JSON.stringify(outcome))).success).toBe(true);
  });

  it('keeps the code of an error of this library', async () => {
    const child = spawnChild();
    child.run(null);
    await expect(child.outcome()).resolves.toMatchObject({ type: 'failure', error: { name: 'TaskSystemError' } });
  });

  it('says when the module has no handler', async () => {
    const child = spawnChild();
    child.run('export default 7;');
    await expect(child.outcome()).resolves.toMatchObject({ type: 'failure', error: { code: 'HANDLER_NO_DEFAULT' } });
  });

  it('fails when it cannot stand in its workspace', async () => {
    const child = spawnChild();
    child.host.chdir = () => { throw new Error('ENOENT'); };
    child.run(handler('return 1;'));
    await expect(child.outcome()).resolves.toMatchObject({ type: 'failure', error: { code: 'TASK_FAILED', message: 'ENOENT' } });
  });

  it.each(['uncaughtException', 'unhandledRejection'] as const)('fails by an %s while the handler runs', async (event) => {
    const child = spawnChild();
    child.run(handler('await new Promise(() => {});'));
    child.host.raise(event, new Error('behind its back'));
    await expect(child.outcome()).resolves.toMatchObject({ type: 'failure', error: { code: 'TASK_FAILED', message: 'behind its back' } });
  });

  it.each(['uncaughtException', 'unhandledRejection'] as const)('ignores an %s after the outcome', async (event) => {
    const child = spawnChild();
    child.run(handler('return 1;'));
    await child.outcome();
    child.host.raise(event, new Error('too late'));
    expect(child.transport.outcomes()).toEqual([{ type: 'result', json: '1' }]);
    expect(child.host.kills).toEqual([]);
  });

  it('sends one outcome only when the handler returns after something else has failed', async () => {
    const child = spawnChild();
    child.run(handler('await context.subtasks.spawn({ type: "x" }); return "late";'));
    await until(() => child.transport.of('call').length > 0);
    child.host.raise('uncaughtException', new Error('first'));
    child.transport.tell({ type: 'reply', id: 0, value: { id: 'c' } });
    await turns();
    expect(child.transport.outcomes()).toMatchObject([{ type: 'failure', error: { message: 'first' } }]);
  });

  it('ends at once when it breaks before it has a task: a spare that cannot work must not be given one', () => {
    const { host, transport } = spawnChild();
    host.raise('uncaughtException', new Error('broken'));
    expect(host.kills).toEqual([[-4_711, 'SIGKILL']]);
    expect(transport.outcomes()).toEqual([]);
  });
});

describe('ChildRuntime and the schema of a handler', () => {
  const module = (schema: string): string => `export default { input: { '~standard': { version: 1, vendor: 'test', validate: ${schema} } }, run: ({ input }) => input };`;

  it('gives the handler the input as the schema parsed it', async () => {
    const child = spawnChild();
    child.run(module('(value) => ({ value: { ...value, added: true } })'), { input: { topic: 'bees' } });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '{"topic":"bees","added":true}' });
  });

  it('waits for a schema that answers later', async () => {
    const child = spawnChild();
    child.run(module('async (value) => ({ value: value + 1 })'), { input: 1 });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '2' });
  });

  it('does not run the handler when the input does not fit', async () => {
    const child = spawnChild();
    child.run(module('() => ({ issues: [{ message: "too short", path: ["topic"] }, { message: "odd" }] })'));
    const outcome = await child.outcome();
    expect(outcome).toMatchObject({ type: 'failure', error: { code: 'INPUT_INVALID', retryable: false } });
    expect(JSON.stringify(outcome)).toContain('topic: too short; odd');
  });
});

describe('ChildRuntime and its reports', () => {
  it('sends logs at once and in order', async () => {
    const child = spawnChild();
    child.run(handler('context.log.info("one"); context.log.warn("two", { n: 2 }); return 1;'));
    await child.outcome();
    expect(child.transport.sent.slice(1)).toEqual([{ type: 'log', level: 'info', text: 'one' }, { type: 'log', level: 'warn', text: 'two', data: { n: 2 } }, { type: 'result', json: '1' }]);
  });

  it('sends the first and the last of many reports of progress, the last one before the result', async () => {
    const child = spawnChild();
    child.run(handler('for (let percent = 1; percent <= 100; percent++) context.progress(percent); return 1;'));
    await child.outcome();
    expect(child.transport.sent.slice(1)).toEqual([{ type: 'progress', percent: 1 }, { type: 'progress', percent: 100 }, { type: 'result', json: '1' }]);
  });

  it('sends the last progress also when the handler fails', async () => {
    const child = spawnChild();
    child.run(handler('context.progress(1); context.progress(40, "so far"); throw new Error("no luck");'));
    await child.outcome();
    expect(child.transport.of('progress').at(-1)).toEqual({ type: 'progress', percent: 40, message: 'so far' });
    expect(child.transport.sent.at(-1)?.type).toBe('failure');
  });

  it('sends nothing after the outcome', async () => {
    const child = spawnChild();
    child.run(handler('setImmediate(() => { context.log.info("late"); context.progress(99); }); return 1;'));
    await child.outcome();
    await turns();
    expect(child.transport.sent.at(-1)).toEqual({ type: 'result', json: '1' });
  });
});

describe('ChildRuntime and its calls', () => {
  const spawnTwo = handler('const settle = (p) => p.then(({ id }) => id, (e) => `${e.name} ${e.code} ${e.message}`); return Promise.all([settle(context.subtasks.spawn({ type: "a" })), settle(context.subtasks.spawn({ type: "b" }))]);');

  it('brings each answer to its own call, in any order', async () => {
    const child = spawnChild();
    child.run(spawnTwo);
    await until(() => child.transport.of('call').length === 2);
    expect(child.transport.of('call')).toEqual([{ type: 'call', id: 0, method: 'spawn', params: { type: 'a' } }, { type: 'call', id: 1, method: 'spawn', params: { type: 'b' } }]);
    child.transport.tell({ type: 'reply', id: 1, value: { id: 'child-b' } });
    child.transport.tell({ type: 'reply', id: 0, value: { id: 'child-a' } });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '["child-a","child-b"]' });
  });

  it('rejects a call with the error that the host sent', async () => {
    const child = spawnChild();
    child.run(spawnTwo);
    await until(() => child.transport.of('call').length === 2);
    const error = serializeError(new TaskSystemError('QUEUE_FULL', 'Project "acme"'));
    child.transport.tell({ type: 'reply', id: 0, error });
    child.transport.tell({ type: 'reply', id: 1, value: { id: 'child-b' } });
    const { json } = z.object({ json: z.string() }).parse(await child.outcome());
    expect(JSON.parse(json)).toEqual([`TaskSystemError QUEUE_FULL ${error.message}`, 'child-b']);
  });

  it('ignores answers to calls that nobody made, and second answers', async () => {
    const child = spawnChild();
    child.run(spawnTwo);
    await until(() => child.transport.of('call').length === 2);
    for (const id of [7, 8, 0, 0, 1]) child.transport.tell({ type: 'reply', id, value: { id: `child-${id}` } });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '["child-0","child-1"]' });
  });

  it('asks for no more at once than the host allows, and for all in the end', async () => {
    const child = spawnChild();
    child.run(handler('const all = await Promise.all(Array.from({ length: 200 }, (_, n) => context.subtasks.spawn({ type: `t${n}` }))); return all.length;'), { input: null });
    await until(() => child.transport.of('call').length > 0);
    for (let id = 1_000; id < 1_010; id++) child.transport.tell({ type: 'reply', id, value: null });
    let answered = 0;
    while (answered < 200) {
      await until(() => child.transport.of('call').length > answered);
      expect(child.transport.of('call').length - answered).toBeLessThanOrEqual(32);
      child.transport.tell({ type: 'reply', id: answered, value: { id: `child-${answered++}` } });
    }
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: '200' });
    expect(child.transport.of('call').map(({ params }) => params)).toEqual(Array.from({ length: 200 }, (_, n) => ({ type: `t${n}` })));
  });
});

describe('ChildRuntime and the end', () => {
  it.each([['cancelled', 'AbortError'], ['shutdown', 'AbortError'], ['limit', 'AbortError'], ['timeout', 'TimeoutError']] as const)('tells the handler of an abort: %s is an %s', async (cause, name) => {
    const child = spawnChild();
    child.run(handler('await new Promise((resolve) => { context.log.info("up"); context.signal.addEventListener("abort", resolve); }); return [context.signal.reason.name, context.signal.reason.message];'));
    await until(() => child.transport.of('log').length === 1);
    child.transport.tell({ type: 'abort', cause, reason: 'why' });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: JSON.stringify([name, 'why']) });
  });

  it('shows an abort that came before the handler was there', async () => {
    const child = spawnChild();
    child.run(handler('return context.signal.aborted;'));
    child.transport.tell({ type: 'abort', cause: 'cancelled', reason: 'changed my mind' });
    await expect(child.outcome()).resolves.toEqual({ type: 'result', json: 'true' });
  });

  it('kills its whole group at once when the host is gone', () => {
    const { host, transport } = spawnChild();
    transport.hangUp();
    expect(host.kills).toEqual([[-4_711, 'SIGKILL']]);
  });

  it('kills itself when it is not the leader of a group', () => {
    const { host, transport } = spawnChild();
    host.groupIsGone = true;
    transport.hangUp();
    expect(host.kills).toEqual([[-4_711, 'SIGKILL'], [4_711, 'SIGKILL']]);
  });

  it('is not kept from it by a handler that replaces kill', async () => {
    const child = spawnChild();
    const kills: number[] = [];
    child.run(handler('return 1;'));
    await child.outcome();
    child.host.kill = () => { kills.push(1); };
    child.transport.hangUp();
    expect([kills, child.host.kills.length]).toEqual([[], 1]);
  });

  it('never ends by itself: the host does that, once it holds the outcome', async () => {
    const child = spawnChild();
    child.run(handler('return 1;'));
    await child.outcome();
    await turns(50);
    expect(child.host.kills).toEqual([]);
  });
});
