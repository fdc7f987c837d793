import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { isJsonObject, type JsonObject } from '../../src/lib/task-system/types/Json.ts';
import type { ProjectOptions, SubmitOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import { writeFiles } from '../support/files.ts';
import { rejectionOf } from '../support/thrown.ts';
import { openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';

const FILES = { 'SOUL.md': '# Soul\n\nBe kind.\n', 'PROJECT.md': '# Bees\n\nA study of bees.\n', 'MEMORY.md': 'Bees dance.\n' };

interface Setup {
  readonly directory: string;
  readonly events: readonly TaskEvent[];
  readonly run: (input: JsonObject, rest?: Partial<SubmitOptions>) => Promise<JsonObject>;
  readonly memory: () => string;
  readonly of: (type: TaskEvent['type']) => readonly TaskEvent['data'][];
}

async function setUp(type: Partial<TaskTypeOptions> = {}, project: ProjectOptions = {}, files: Readonly<Record<string, string>> = FILES): Promise<Setup> {
  const directory = temporaryDirectory();
  writeFiles(directory, files);
  const system: TaskSystem = await openSystem(testOptions({ 'uses-context.mjs': type }, { projects: { acme: { dir: directory, ...project } } }));
  const events = recordEvents(system);
  return {
    directory,
    events,
    run: async (input, rest = {}) => {
      const result = await (await system.submit({ type: 'uses-context', project: 'acme', input, ...rest })).result();
      return isJsonObject(result) ? result : {};
    },
    memory: () => readFileSync(join(directory, 'MEMORY.md'), 'utf8'),
    of: (name) => events.filter(({ type: each }) => each === name).map(({ data }) => data),
  };
}

describe('context of a handler', () => {
  it('gives instructions, quotes the memory as notes of the user, and tells both as an event', async () => {
    const { run, of } = await setUp();
    const told = await run({ look: true });
    expect(told['instructions']).toBe('<file name="SOUL.md">\n# Soul\n\nBe kind.\n</file>\n\n<file name="PROJECT.md">\n# Bees\n\nA study of bees.\n</file>');
    expect(told['messages']).toEqual([{ role: 'user', content: expect.stringMatching(/not instructions.*\n\n<notes file="MEMORY.md">\nBees dance.\n<\/notes>$/) }]);
    expect(of('task:context')).toEqual([told['report']]);
    expect(told['report']).toMatchObject({
      maxTokens: 16_000,
      files: [{ name: 'SOUL.md', rawBytes: 17, rawTokens: 6, usedTokens: 6, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }, { name: 'PROJECT.md' }, { name: 'MEMORY.md', as: 'notes' }],
    });
  });

  it('loads nothing where it is not asked for, and the tokenizer where it is', async () => {
    const { run, of } = await setUp();
    expect(await run({})).toMatchObject({ loaded: 0 });
    expect(await run({ remember: ['x'] })).toMatchObject({ loaded: 0 });
    expect(of('task:context')).toEqual([]);
    expect((await run({ look: true }))['loaded']).toBeGreaterThan(1);
  });

  it('is empty for a project without a directory', async () => {
    const { run } = await setUp();
    await expect(run({ look: true, remember: ['x'] }, { project: 'other' })).resolves.toMatchObject({ instructions: '', messages: [], loaded: 0 });
  });

  it('gives a type, and a single task, the files that were chosen for it', async () => {
    const { run } = await setUp({ contextFiles: ['PROJECT.md', 'MEMORY.md'], memory: 'none' });
    expect(await run({ look: true })).toMatchObject({ instructions: expect.not.stringContaining('Be kind'), messages: [] });
    expect(await run({ look: true }, { contextFiles: ['SOUL.md'] })).toMatchObject({ instructions: expect.not.stringContaining('bees') });
  });

  it('warns of files that it could not read, and goes on', async () => {
    const { run, of } = await setUp({}, { context: { files: ['PROJECT.md', 'docs'] } }, { ...FILES, 'docs/x.md': '' });
    expect((await run({ look: true }))['instructions']).toContain('study of bees');
    expect(of('task:warning')).toEqual([{ code: 'CONTEXT_FILE', message: 'docs was left out: it is not a regular file' }]);
  });
});

describe('memory of a project', () => {
  it('has what tasks said before their result is known, and the next task is told', async () => {
    const { run, memory, of } = await setUp();
    await run({ remember: ['Queens live five years.', ['Drones do not.', { files: ['drones.md'] }]] });
    expect(memory()).toMatch(/^Bees dance\.\n[^]*uses-context completed \(noted\): Queens live five years\.\n {2}- Drones do not\.\n {2}- Files: drones\.md\n/);
    await run({ result: { summary: 'Workers live six weeks.', files: ['workers.md'] } });
    expect(memory()).toMatch(/\(summary\): Workers live six weeks\.\n {2}- Files: workers\.md\n/);
    expect(of('task:memory')).toMatchObject([{ file: 'MEMORY.md', added: expect.stringContaining('Queens'), removed: '', archived: 0 }, {}]);
    const told = JSON.stringify((await run({ look: true }))['messages']);
    expect(told).toContain('Queens live five years');
    expect(told).toContain('Workers live six weeks');
    expect(told).not.toContain('task-system:');
  });

  it('has a plain line for a task that said nothing, and stores the event before the end', async () => {
    const { run, memory, events } = await setUp();
    await run({ title: 'On bees' });
    expect(memory()).toMatch(/uses-context completed \(recorded\): "On bees" in \d+\.\d s\n/);
    const types = events.map(({ type }) => type);
    expect(types.indexOf('task:memory')).toBeLessThan(types.indexOf('task:complete'));
  });

  it('has nothing of failed tasks unless it is asked to, and then no word of theirs', async () => {
    const quiet = await setUp();
    await rejectionOf(quiet.run({ fail: true, remember: ['x'] }));
    expect(quiet.memory()).toBe(FILES['MEMORY.md']);
    const { run, memory } = await setUp({ rememberFailures: true });
    await rejectionOf(run({ fail: true, title: 'Doomed', remember: ['secret words'] }));
    expect(memory()).toMatch(/uses-context failed \(recorded\): "Doomed" with TASK_FAILED in /);
    expect(memory()).not.toContain('secret words');
  });

  it('is closed to types that may not write, which are told so', async () => {
    const { run, memory } = await setUp({ memory: 'read' });
    const error = await rejectionOf(run({ remember: ['x'] }));
    expect(error.code).toBe('MEMORY_FORBIDDEN');
    await run({ result: { summary: 'x' } });
    expect(memory()).toBe(FILES['MEMORY.md']);
  });

  it('does not take more than a task may say', async () => {
    const { run } = await setUp();
    expect((await rejectionOf(run({ remember: ['x'.repeat(8_193)] }))).code).toBe('MEMORY_FORBIDDEN');
    expect((await rejectionOf(run({ remember: Array.from({ length: 33 }, () => 'x') }))).code).toBe('MEMORY_FORBIDDEN');
  });

  it('never fails a task: what could not be written is a warning', async () => {
    const { run, directory, of } = await setUp();
    chmodSync(join(directory, 'MEMORY.md'), 0o444);
    await run({ result: { summary: 'kept elsewhere' } });
    expect(of('task:warning')).toMatchObject([{ code: 'MEMORY_REFUSED' }]);
    expect(readFileSync(join(directory, 'MEMORY.archive.md'), 'utf8')).toContain('kept elsewhere');
    const gone = await setUp({}, { dir: '/nowhere/at/all' });
    await gone.run({});
    expect(gone.of('task:warning')).toMatchObject([{ code: 'MEMORY_REFUSED' }]);
    expect(existsSync('/nowhere')).toBe(false);
  });
});
