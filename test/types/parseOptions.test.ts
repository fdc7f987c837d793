import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import type { TaskSystemOptions } from '../../src/lib/task-system/types/Options.ts';
import { mergeRetry, parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';
import { DEFAULTS } from '../../src/lib/task-system/types/ResolvedOptions.ts';

const MODULE = new URL('file:///srv/app/research.js');

function optionsWith(more: Partial<TaskSystemOptions> = {}): TaskSystemOptions {
  return { root: '/var/tasks', tasks: { research: { module: MODULE } }, ...more };
}

function typeOf(type: TaskSystemOptions['tasks'][string], more: Partial<TaskSystemOptions> = {}): ReturnType<typeof firstType> {
  return firstType({ root: '/var/tasks', tasks: { research: type }, ...more });
}

function firstType(options: TaskSystemOptions): NonNullable<ReturnType<ReturnType<typeof parseTaskSystemOptions>['types']['get']>> {
  const type = parseTaskSystemOptions(options).types.get('research');
  if (type === undefined) throw new Error('the type is gone');
  return type;
}

const DEFAULT_CONTEXT = {
  ...DEFAULTS.context,
  files: [{ name: 'SOUL.md', as: 'instructions' }, { name: 'PROJECT.md', as: 'instructions' }, { name: 'MEMORY.md', as: 'notes' }],
};

describe('parseTaskSystemOptions: defaults', () => {
  it('fills in everything when only root and tasks are given', () => {
    const resolved = parseTaskSystemOptions(optionsWith());
    expect(resolved.queue).toEqual({ maxConcurrent: 5, agingMs: 3_600_000, maxPending: false, spares: 2, maxInterruptions: 3, maxWaiting: 100 });
    expect(resolved.storage).toEqual({ lockTimeoutMs: 1_000, retention: { maxAgeMs: 604_800_000, maxCount: 100_000 } });
    expect(resolved.workspaces).toEqual({ keepFailedMs: 86_400_000 });
    expect(resolved.sandbox).toEqual({ env: [], niceness: 10 });
    expect(resolved.hooks).toEqual({});
    expect(resolved).not.toHaveProperty('logger');
  });

  it('fills in everything of a task type', () => {
    expect(typeOf({ module: MODULE })).toEqual({
      name: 'research',
      rules: { completion: 'all', onChildFailure: 'fail-fast' },
      moduleUrl: 'file:///srv/app/research.js',
      timeoutMs: 900_000,
      stopGraceMs: 2_000,
      retry: { maxAttempts: 1, baseDelayMs: 1_000, maxDelayMs: 300_000, factor: 2 },
      limits: { inputBytes: 1_048_576, resultBytes: 1_048_576, outputBytes: 16_777_216, memoryMb: 512, cpuMs: 900_000, processes: 64, cpus: false, openFiles: 1_024, workspaceMb: 1_024, workerThreads: 2, artifacts: 64, artifactsMb: 256 },
      onInterrupt: 'retry',
      memory: 'write',
      rememberFailures: false,
      env: {},
      policy: resolvePolicy(undefined, 'tasks.research.policy'),
      untrusted: false,
      sandbox: { read: [] },
    });
  });

  it('treats a key with the value undefined as left out, on every level', () => {
    const sparse = { root: '/r', tasks: { a: { module: MODULE, retry: { factor: undefined } } }, queue: undefined, storage: { retention: undefined }, logger: undefined };
    const resolved = parseTaskSystemOptions(sparse);
    expect(resolved.queue).toEqual(DEFAULTS.queue);
    expect(resolved.types.get('a')?.retry.factor).toBe(2);
    expect(resolved.storage.retention).toEqual(DEFAULTS.retention);
  });

  it('accepts a system without task types', () => {
    expect(parseTaskSystemOptions({ root: '/r', tasks: {} }).types.size).toBe(0);
  });
});

describe('parseTaskSystemOptions: what is given', () => {
  it('makes root absolute', () => {
    expect(parseTaskSystemOptions(optionsWith({ root: './data' })).root).toBe(path.resolve('data'));
  });

  it.each([
    ['a file: URL', MODULE, 'file:///srv/app/research.js'],
    ['a file: URL as text', 'file:///srv/app/research.js', 'file:///srv/app/research.js'],
    ['an absolute path', '/srv/app/research.js', 'file:///srv/app/research.js'],
    ['a path with a blank and a hash', '/srv/my app/#1.js', pathToFileURL('/srv/my app/#1.js').href],
  ])('takes %s as module', (_kind, module, expected) => {
    expect(typeOf({ module }).moduleUrl).toBe(expected);
  });

  it('takes a URL object of another realm as module', () => {
    const foreign = { href: 'file:///srv/x.js', protocol: 'file:' };
    const resolved = parseTaskSystemOptions({ root: '/r', tasks: { a: { module: foreign } } });
    expect(resolved.types.get('a')?.moduleUrl).toBe('file:///srv/x.js');
  });

  it('keeps an input schema, of zod or written by hand', () => {
    const schema = z.object({ topic: z.string() });
    expect(typeOf({ module: MODULE, input: schema }).input).toBe(schema);
    const handmade = { '~standard': { version: 1 as const, vendor: 'mine', validate: (value: unknown) => ({ value }) } };
    expect(typeOf({ module: MODULE, input: handmade }).input).toBe(handmade);
  });

  it('keeps an input schema that is a function', () => {
    const callable = Object.assign(() => true, { '~standard': { version: 1 as const, vendor: 'mine', validate: (value: unknown) => ({ value }) } });
    expect(typeOf({ module: MODULE, input: callable }).input).toBe(callable);
  });

  it('lets limits of a type win over limits of the system, one by one', () => {
    const { limits } = typeOf({ module: MODULE, limits: { inputBytes: 10 } }, { limits: { inputBytes: 20, resultBytes: 30 } });
    expect(limits).toEqual({ ...DEFAULTS.limits, inputBytes: 10, resultBytes: 30 });
  });

  it('keeps hooks and logger as the same objects', () => {
    const onTaskStart = (): void => {};
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const resolved = parseTaskSystemOptions(optionsWith({ hooks: { onTaskStart }, logger }));
    expect(resolved.hooks.onTaskStart).toBe(onTaskStart);
    expect(resolved.logger).toBe(logger);
  });

  it('takes false for agingMs and maxPending', () => {
    const { queue } = parseTaskSystemOptions(optionsWith({ queue: { agingMs: false, maxPending: false } }));
    expect(queue).toMatchObject({ agingMs: false, maxPending: false });
  });

  it('knows nothing of names that every object inherits', () => {
    const resolved = parseTaskSystemOptions(optionsWith({ projects: {} }));
    expect(resolved.types.get('toString')).toBeUndefined();
    expect(resolved.project('constructor')).toEqual({ context: DEFAULT_CONTEXT, maxConcurrent: 5, weight: 1 });
  });
});

describe('parseTaskSystemOptions: projects', () => {
  const resolved = parseTaskSystemOptions(optionsWith({
    queue: { maxConcurrent: 8 },
    projects: { acme: { dir: 'projects/acme', maxConcurrent: 2, weight: 3 }, bare: {} },
  }));

  it('gives a named project its settings, with an absolute directory', () => {
    expect(resolved.project('acme')).toEqual({ context: DEFAULT_CONTEXT, dir: path.resolve('projects/acme'), maxConcurrent: 2, weight: 3 });
  });

  it('lets a project without settings use all slots', () => {
    expect(resolved.project('bare')).toEqual({ context: DEFAULT_CONTEXT, maxConcurrent: 8, weight: 1 });
  });

  it('gives a project that was never named the defaults', () => {
    expect(resolved.project('someone else')).toEqual({ context: DEFAULT_CONTEXT, maxConcurrent: 8, weight: 1 });
  });
});

describe('parseTaskSystemOptions: the result', () => {
  it('is frozen on every level', () => {
    const resolved = parseTaskSystemOptions(optionsWith({ projects: { acme: {} }, sandbox: { env: ['HOME'] } }));
    const type = resolved.types.get('research');
    const parts = [
      resolved, resolved.queue, resolved.storage, resolved.storage.retention, resolved.workspaces, resolved.sandbox, resolved.sandbox.env, resolved.hooks,
      type, type?.retry, type?.limits, type?.env, resolved.project('acme'), resolved.project('other'),
    ];
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
  });

  it('does not change when the caller changes its options afterwards', () => {
    const env = ['HOME'];
    const retry = { maxAttempts: 2 };
    const resolved = parseTaskSystemOptions({ root: '/r', tasks: { a: { module: MODULE, retry } }, sandbox: { env } });
    env.push('SECRET');
    retry.maxAttempts = 99;
    expect(resolved.sandbox.env).toEqual(['HOME']);
    expect(resolved.types.get('a')?.retry.maxAttempts).toBe(2);
  });

  it('leaves the options of the caller unfrozen', () => {
    const options = optionsWith({ queue: { spares: 1 } });
    parseTaskSystemOptions(options);
    expect(Object.isFrozen(options)).toBe(false);
    expect(Object.isFrozen(options.queue)).toBe(false);
  });
});

describe('mergeRetry', () => {
  it('returns the same rules when nothing is put over them', () => {
    expect(mergeRetry(DEFAULTS.retry)).toEqual(DEFAULTS.retry);
  });

  it('replaces only what is given', () => {
    expect(mergeRetry(DEFAULTS.retry, { maxAttempts: 4 })).toEqual({ ...DEFAULTS.retry, maxAttempts: 4 });
  });

  it('never lets the first wait be longer than the longest', () => {
    expect(mergeRetry(DEFAULTS.retry, { maxDelayMs: 10 })).toMatchObject({ baseDelayMs: 10, maxDelayMs: 10 });
  });
});

describe('context options', () => {
  function contextOf(context: object, own?: object): unknown {
    return parseTaskSystemOptions({ root: '/r', tasks: {}, context, projects: { acme: own === undefined ? {} : { context: own } } }).project('acme').context;
  }

  it('takes names and objects, and knows the memory file by its name', () => {
    expect(contextOf({ memoryFile: 'LOG.md', files: ['A.md', { name: 'docs/B.md', as: 'notes', maxTokens: 5 }, 'LOG.md'] })).toMatchObject({
      files: [{ name: 'A.md', as: 'instructions' }, { name: 'docs/B.md', as: 'notes', maxTokens: 5 }, { name: 'LOG.md', as: 'notes' }],
    });
  });

  it('puts those of a project over those of the system', () => {
    expect(contextOf({ maxTokens: 1, maxFileTokens: 2 }, { maxTokens: 3 })).toMatchObject({ maxTokens: 3, maxFileTokens: 2 });
  });

  it.each(['/etc/passwd', '../x', 'a/../b', 'a\nb', '<x>', ''])('refuses %j as the name of a file', (name) => {
    expect(() => contextOf({ files: [name] })).toThrow(/context\.files/);
    expect(() => contextOf({ memoryFile: name })).toThrow(/context\.memoryFile/);
  });
});
