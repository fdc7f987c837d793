import { describe, expect, it } from 'vitest';
import { check } from '../../src/lib/task-system/types/OptionProblems.ts';
import { systemSchema } from '../../src/lib/task-system/types/OptionsSchema.ts';

const MODULE = new URL('file:///srv/a.js');

/** The places of what is wrong with options that are right but for what is given. */
function wrong(more: object): readonly string[] {
  const checked = check(systemSchema, { root: '/r', tasks: { a: { module: MODULE } }, ...more });
  return checked.ok ? [] : checked.problems.map(({ path }) => path);
}

const wrongType = (type: object): readonly string[] => wrong({ tasks: { a: { module: MODULE, ...type } } });
const wrongRead = (path: string): boolean => wrongType({ sandbox: { read: [path] } }).length > 0;
const wrongFile = (name: string): boolean => wrongType({ contextFiles: [name] }).length > 0;

describe('systemSchema: modules', () => {
  it('takes an absolute path', () => {
    expect(wrongType({ module: '/srv/a.js' })).toEqual([]);
  });

  it('takes the text of a file: URL', () => {
    expect(wrongType({ module: 'file:///srv/a.js' })).toEqual([]);
  });

  it('refuses a file: URL with a host, which is another machine', () => {
    expect(wrongType({ module: 'file://host/a.js' })).toEqual(['tasks.a.module']);
  });

  it('refuses the name of a package', () => {
    expect(wrongType({ module: 'left-pad' })).toEqual(['tasks.a.module']);
  });

  it('refuses a path with a NUL in it', () => {
    expect(wrongType({ module: '/srv/a\0.js' })).toEqual(['tasks.a.module']);
  });
});

describe('systemSchema: what a sandbox lets a task read', () => {
  it('takes a folder of the machine', () => {
    expect(wrongRead('/opt/data')).toBe(false);
  });

  it('refuses the root, however it is spelled', () => {
    expect(['/', '//', '/.', '/opt/..'].map(wrongRead)).toEqual([true, true, true, true]);
  });

  it('refuses /proc and everything below it', () => {
    expect(['/proc', '/proc/', '/proc/1/root'].map(wrongRead)).toEqual([true, true, true]);
  });

  it('sees through a way that leads to /proc by ".."', () => {
    expect(wrongRead('/opt/../proc/1')).toBe(true);
  });

  it('refuses devices, /sys and both places of sockets', () => {
    expect(['/dev/shm', '/sys', '/run/docker.sock', '/var/run/docker.sock'].map(wrongRead)).toEqual([true, true, true, true]);
  });

  it('takes a folder whose name only begins like a forbidden one', () => {
    expect(['/process', '/devel', '/running'].map(wrongRead)).toEqual([false, false, false]);
  });

  it('refuses a relative path', () => {
    expect(wrongRead('data')).toBe(true);
  });
});

describe('systemSchema: context files', () => {
  it('takes a name in a folder', () => {
    expect(wrongFile('docs/GUIDE.md')).toBe(false);
  });

  it('takes two dots inside a name', () => {
    expect(wrongFile('v1..2.md')).toBe(false);
  });

  it('refuses a name that leads out of the project', () => {
    expect(wrongFile('docs/../../x')).toBe(true);
  });

  it('refuses a backslash, which is a slash to some', () => {
    expect(wrongFile('docs\\x')).toBe(true);
  });

  it('refuses a name with a sign that the reader cannot see', () => {
    expect(wrongFile('a\u200b.md')).toBe(true);
  });

  it('takes a name of 256 characters, and none of 257', () => {
    expect([wrongFile('x'.repeat(256)), wrongFile('x'.repeat(257))]).toEqual([false, true]);
  });

  it('takes sixteen files, and no more', () => {
    const files = (count: number): string[] => Array.from({ length: count }, (_, index) => `f${String(index)}`);
    expect([wrong({ context: { files: files(16) } }), wrong({ context: { files: files(17) } })]).toEqual([[], ['context.files']]);
  });

  it('refuses a kind of file that there is not', () => {
    expect(wrong({ context: { files: [{ name: 'a', as: 'code' }] } })).toEqual(['context.files[0].as']);
  });

  it('takes an object without a kind', () => {
    expect(wrong({ context: { files: [{ name: 'a' }] } })).toEqual([]);
  });
});

describe('systemSchema: limits', () => {
  it('takes a hundredth of a processor, and nothing below', () => {
    expect([wrong({ limits: { cpus: 0.01 } }), wrong({ limits: { cpus: 0.009 } })]).toEqual([[], ['limits.cpus']]);
  });

  it('takes 64 open files, and nothing below, which Node would not survive', () => {
    expect([wrong({ limits: { openFiles: 64 } }), wrong({ limits: { openFiles: 63 } })]).toEqual([[], ['limits.openFiles']]);
  });

  it('lets the limits of the kernel be off', () => {
    expect(wrong({ limits: { memoryMb: false, cpuMs: false, processes: false, cpus: false, openFiles: false, workspaceMb: false } })).toEqual([]);
  });

  it('does not let the bounds of what is stored be off', () => {
    expect(wrong({ limits: { inputBytes: false, resultBytes: false, outputBytes: false } })).toEqual(['limits.inputBytes', 'limits.resultBytes', 'limits.outputBytes']);
  });

  it('takes no worker threads at all', () => {
    expect(wrong({ limits: { workerThreads: 0 } })).toEqual([]);
  });
});

describe('systemSchema: the completion of a family', () => {
  it('takes a quorum of one', () => {
    expect(wrongType({ completion: { quorum: 1 } })).toEqual([]);
  });

  it('refuses a quorum of none', () => {
    expect(wrongType({ completion: { quorum: 0 } })).toEqual(['tasks.a.completion']);
  });

  it('refuses half a child', () => {
    expect(wrongType({ completion: { quorum: 1.5 } })).toEqual(['tasks.a.completion']);
  });

  it('refuses a quorum with something beside it', () => {
    expect(wrongType({ completion: { quorum: 1, of: 2 } })).toEqual(['tasks.a.completion']);
  });

  it('refuses a word that it does not know', () => {
    expect(wrongType({ completion: 'most' })).toEqual(['tasks.a.completion']);
  });
});

describe('systemSchema: queue and projects', () => {
  it('takes a queue that runs one task', () => {
    expect(wrong({ queue: { maxConcurrent: 1 } })).toEqual([]);
  });

  it('takes at least one pending task', () => {
    expect([wrong({ queue: { maxPending: 1 } }), wrong({ queue: { maxPending: 0 } })]).toEqual([[], ['queue.maxPending']]);
  });

  it('takes a weight below one', () => {
    expect(wrong({ projects: { p: { weight: 0.1 } } })).toEqual([]);
  });

  it('refuses a weight that is infinite', () => {
    expect(wrong({ projects: { p: { weight: Infinity } } })).toEqual(['projects.p.weight']);
  });

  it('measures a project by the default of the queue where the queue is not given', () => {
    expect([wrong({ projects: { p: { maxConcurrent: 5 } } }), wrong({ projects: { p: { maxConcurrent: 6 } } })]).toEqual([[], ['projects.p.maxConcurrent']]);
  });

  it('does not call a project too wide where the width of the queue itself is wrong', () => {
    expect(wrong({ queue: { maxConcurrent: 'x' }, projects: { p: { maxConcurrent: 9 } } })).toEqual(['queue.maxConcurrent']);
  });

  it('refuses to be called a group, which is a type of its own', () => {
    expect(wrong({ tasks: { group: { module: MODULE } } })).toEqual(['tasks.group']);
  });

  it('lets a project be called "group"', () => {
    expect(wrong({ projects: { group: {} } })).toEqual([]);
  });
});

describe('systemSchema: sandbox and network', () => {
  it('takes the own control group by its word', () => {
    expect(wrong({ sandbox: { cgroup: 'own' } })).toEqual([]);
  });

  it('takes a control group by its absolute path', () => {
    expect(wrong({ sandbox: { cgroup: '/sys/fs/cgroup/app' } })).toEqual([]);
  });

  it('refuses a level that there is not', () => {
    expect(wrong({ sandbox: { level: 'docker' } })).toEqual(['sandbox.level']);
  });

  it('takes no priority above the normal one', () => {
    expect([wrong({ sandbox: { niceness: 0 } }), wrong({ sandbox: { niceness: -1 } })]).toEqual([[], ['sandbox.niceness']]);
  });

  it('refuses an empty name of a variable', () => {
    expect(wrong({ sandbox: { env: [''] } })).toEqual(['sandbox.env[0]']);
  });

  it('refuses a range with bits behind its prefix, which would not be the range that it looks like', () => {
    expect(wrong({ network: { allow: ['10.0.0.1/8'] } })).toEqual(['network.allow[0]']);
  });

  it('takes a lone address for a range of one', () => {
    expect(wrong({ network: { allow: ['10.0.0.1'] } })).toEqual([]);
  });
});

describe('systemSchema: secrets, tools and the logger', () => {
  it('takes a secret of six characters, and none of five', () => {
    expect([wrong({ secrets: ['123456'] }), wrong({ secrets: ['12345'] })]).toEqual([[], ['secrets[0]']]);
  });

  it('takes an empty list of tools', () => {
    expect(wrong({ tools: [] })).toEqual([]);
  });

  it('refuses a logger that lacks a method', () => {
    const log = (): void => undefined;
    expect(wrong({ logger: { debug: log, info: log, warn: log } })).toEqual(['logger']);
  });

  it('takes an input schema that is a function', () => {
    expect(wrongType({ input: Object.assign(() => 1, { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: 1 }) } }) })).toEqual([]);
  });

  it('refuses an input schema that cannot validate', () => {
    expect(wrongType({ input: { '~standard': { version: 1, vendor: 'x' } } })).toEqual(['tasks.a.input']);
  });

  it('refuses a model of a type by a name that only every object inherits', () => {
    expect(wrong({ models: {}, tasks: { a: { module: MODULE, models: ['toString'] } } })).toEqual(['tasks.a.models[0]']);
  });
});
