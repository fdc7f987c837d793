import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { childEnvironment } from '../../src/lib/task-system/policy/environment.ts';

const BASE = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'SystemRoot'];
const NEVER = ['NODE_OPTIONS', 'NODE_PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'DYLD_LIBRARY_PATH'];

afterEach(() => { vi.unstubAllEnvs(); });

describe('childEnvironment', () => {
  it('passes nothing of the host but a few harmless basics', () => {
    for (const name of ['AWS_SECRET_ACCESS_KEY', 'DATABASE_URL', 'OPENAI_API_KEY', 'HOME', 'USER', 'SSH_AUTH_SOCK', 'NODE_ENV']) vi.stubEnv(name, 'secret');
    for (const name of BASE) vi.stubEnv(name, `value of ${name}`);
    expect(childEnvironment([], {})).toEqual(Object.fromEntries(BASE.map((name) => [name, `value of ${name}`])));
  });

  it('leaves out what the host does not have', () => {
    for (const name of BASE) vi.stubEnv(name, undefined);
    expect(childEnvironment(['NOT_SET_ANYWHERE'], {})).toEqual({});
  });

  it('passes variables that are named, and an empty one as empty', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy');
    vi.stubEnv('EMPTY_ONE', '');
    expect(childEnvironment(['HTTPS_PROXY', 'EMPTY_ONE'], {})).toMatchObject({ HTTPS_PROXY: 'http://proxy', EMPTY_ONE: '' });
  });

  it.each(NEVER)('never passes %s, also when it is named', (name) => {
    vi.stubEnv(name, '--require=/evil.js');
    vi.stubEnv(name.toLowerCase(), '--require=/evil.js');
    const environment = childEnvironment([name, name.toLowerCase()], {});
    expect(Object.keys(environment).filter((key) => key.toUpperCase() === name)).toEqual([]);
  });

  it('adds the marks, which nothing of the host can replace', () => {
    vi.stubEnv('TASK_SYSTEM_HOST', 'somebody else');
    expect(childEnvironment(['TASK_SYSTEM_HOST'], { TASK_SYSTEM_HOST: 'host-1' })).toMatchObject({ TASK_SYSTEM_HOST: 'host-1' });
  });

  it('takes a name that every object has for a name like any other', () => {
    const environment = childEnvironment(['toString', 'constructor', 'hasOwnProperty'], {});
    expect(Object.keys(environment).filter((key) => !BASE.includes(key))).toEqual([]);
  });

  it('passes no variable outside the list, whatever the host has and whatever is named', () => {
    const name = fc.stringMatching(/^[A-Z_]{1,12}$/);
    const value = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
    fc.assert(fc.property(fc.dictionary(name, value, { maxKeys: 10 }), fc.array(fc.oneof(name, fc.constantFrom(...NEVER)), { maxLength: 6 }), (host, named) => {
      for (const [key, text] of Object.entries(host)) vi.stubEnv(key, text);
      const allowed = new Set([...BASE, ...named, ...Object.keys(host).filter((key) => named.includes(key))]);
      const environment = childEnvironment(named, { MARK: 'mark' });
      vi.unstubAllEnvs();
      for (const [key, text] of Object.entries(environment)) {
        if (key === 'MARK') continue;
        expect(allowed.has(key) && !NEVER.includes(key)).toBe(true);
        if (Object.hasOwn(host, key)) expect(text).toBe(host[key]);
      }
      for (const key of named) if (Object.hasOwn(host, key) && !NEVER.includes(key) && key !== 'MARK') expect(environment[key]).toBe(host[key]);
    }));
  });
});
