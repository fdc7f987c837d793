import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { findLeakedTypes } from '../../scripts/leakedTypes.ts';
import { writeFiles } from '../support/files.ts';
import { findOldNode, run, runNode, typeCheck } from '../support/run.ts';
import { installPackage, lendPackages, sizeOf, type InstalledPackage } from './packed.ts';

const ENTRIES = ['index', 'task', 'client', 'testing'];
/** Three of them are vocabularies of the tokenizer. */
const MAX_INSTALLED_BYTES = 7 * 1024 * 1024;
const MAX_CHILD_BYTES = 56 * 1024;

const conditionsSchema = z.strictObject({ types: z.string(), default: z.string() });
const manifestSchema = z.looseObject({
  exports: z.record(z.string(), z.union([z.string(), conditionsSchema, z.strictObject({ import: conditionsSchema, require: conditionsSchema })])),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
});

const APP = `
  const tasks = await createTaskSystem({ root: process.argv[2], tasks: { double: { module: HANDLER } } });
  const handle = await tasks.submit({ type: 'double', project: 'acme', input: { n: 21 } });
  const result = await handle.result();
  const task = await tasks.get(handle.id);
  await tasks.close();
  console.log(JSON.stringify({ result, state: task.state }));
`;
const HANDLERS = {
  'handlers/double.mjs': "import { defineTask } from 'task-system/task';\nexport default defineTask({ run: ({ input }) => ({ doubled: input.n * 2, by: 'mjs' }) });",
  'handlers/double.cjs': "const { defineTask } = require('task-system/task');\nmodule.exports = defineTask({ run: ({ input }) => ({ doubled: input.n * 2, by: 'cjs' }) });",
  'handlers/double.ts': "import { defineTask } from 'task-system/task';\nexport default defineTask({ run: ({ input }: { input: unknown }) => ({ doubled: Number(Object(input).n) * 2, by: 'ts' }) });",
};

/** A program that uses the package, in both module systems. */
function appWith(handler: string): Readonly<Record<string, string>> {
  return {
    'app.mjs': `import { createTaskSystem } from 'task-system';\nconst HANDLER = new URL('./handlers/${handler}', import.meta.url);\n${APP}`,
    'app.cjs': `const { createTaskSystem } = require('task-system');\nconst HANDLER = require('node:path').join(__dirname, 'handlers/${handler}');\nvoid (async () => {${APP}})();`,
  };
}

function namesOf(module: unknown): readonly string[] {
  return typeof module === 'object' && module !== null ? Object.keys(module).sort() : [];
}

describe('the packed package', { timeout: 900_000 }, () => {
  let installed: InstalledPackage;
  let manifest: z.infer<typeof manifestSchema>;

  beforeAll(async () => {
    installed = await installPackage();
    manifest = manifestSchema.parse(JSON.parse(readFileSync(path.join(installed.directory, 'package.json'), 'utf8')));
  }, 900_000);

  afterAll(() => { installed.remove(); });

  const read = (file: string): string => readFileSync(path.join(installed.directory, file), 'utf8');

  it('holds the build and the texts for people, and nothing else', () => {
    const others = installed.files.filter((file) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/.test(file));
    expect(others.filter((file) => !['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'].includes(file))).toEqual([]);
    expect(installed.files).toEqual(expect.arrayContaining(['dist/child.cjs', 'dist/launch-helper.cjs', 'dist/sqlite-worker.js', 'LICENSE', 'CHANGELOG.md', 'README.md']));
  });

  it('points every export to a file that it holds', () => {
    const targets = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : ('types' in entry ? [entry] : [entry.import, entry.require]).flatMap(({ types, default: script }) => [types, script])));
    expect(targets.filter((target) => !installed.files.includes(target.slice(2)))).toEqual([]);
    expect(targets).toHaveLength(4 * ENTRIES.length + 2 + 1);
  });

  it.each(ENTRIES)('exports the same names from %s in both module systems', async (entry) => {
    const require = createRequire(path.join(installed.app, 'app.cjs'));
    const specifier = entry === 'index' ? 'task-system' : `task-system/${entry}`;
    const esm: unknown = await import(pathToFileURL(path.join(installed.directory, `dist/${entry}.js`)).href);
    const cjs: unknown = require(specifier);
    const names = namesOf(esm);
    expect(names.length).toBeGreaterThan(0);
    expect(namesOf(cjs)).toEqual(names);
  });

  it('imports nothing but its dependencies, its optional peers and modules of Node', () => {
    const isPackage = (specifier: string): boolean => {
      const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
      return Object.hasOwn(manifest.dependencies, name) || Object.hasOwn(manifest.peerDependencies, name);
    };
    const scripts = installed.files.filter((file) => /\.c?js$/.test(file));
    const foreign = scripts.flatMap((file) => ts.preProcessFile(read(file), true, true).importedFiles.map(({ fileName }) => ({ file, fileName })))
      .filter(({ fileName }) => !fileName.startsWith('./') && !fileName.startsWith('node:') && !isPackage(fileName));
    expect(foreign).toEqual([]);
  });

  it.each(['child.cjs', 'launch-helper.cjs', 'sqlite-worker.js'])('lets %s stand alone in one file', (file) => {
    const imports = ts.preProcessFile(read(`dist/${file}`), true, true).importedFiles.map(({ fileName }) => fileName);
    expect(imports.filter((specifier) => !isBuiltin(specifier))).toEqual([]);
  });

  it.each(['mjs', 'cjs'])('counts tokens in an app (%s) that has no tokenizer installed, and keeps the notice of whose work it is', async (ending) => {
    const load = ending === 'mjs' ? "import { createTokenCounter } from 'task-system/task';" : "const { createTokenCounter } = require('task-system/task');";
    writeFiles(installed.app, { [`count.${ending}`]: `${load}\nfor (const encoding of ['o200k', 'cl100k']) console.log(createTokenCounter({ encoding }).countText('Bees dance: ' + 'ก'.repeat(300)));\n` });
    const { code, stdout, stderr } = await run(process.execPath, [`count.${ending}`], { cwd: installed.app });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '304\n305\n', stderr: '' });
    expect(existsSync(path.join(installed.app, 'node_modules/gpt-tokenizer'))).toBe(false);
    for (const encoding of ['o200k', 'cl100k']) expect(read(`dist/tokenizer-${encoding}.cjs`)).toMatch(/^\/\*!\ngpt-tokenizer\n\nMIT License\n\nCopyright/);
  });

  it('keeps what every task process reads small', () => {
    expect(read('dist/child.cjs').length).toBeLessThan(MAX_CHILD_BYTES);
    expect(ts.preProcessFile(read('dist/task.js'), true, true).importedFiles).toEqual([]);
  });

  it('gives browsers a client that imports nothing', () => {
    expect(ts.preProcessFile(read('dist/client.js'), true, true).importedFiles).toEqual([]);
    expect(read('dist/client.js')).not.toMatch(/\bprocess\.|\bBuffer\.|\brequire\(/);
  });

  it.each(['mjs', 'cjs', 'ts'])('runs a task with a .%s handler, from an ESM app and from a CommonJS app', async (ending) => {
    writeFiles(installed.app, { ...HANDLERS, ...appWith(`double.${ending}`) });
    for (const app of ['app.mjs', 'app.cjs']) {
      const { code, stdout, stderr } = await run(process.execPath, [app, path.join(installed.app, `.state-${app}-${ending}`)], { cwd: installed.app });
      expect({ code, stdout: stdout.trim(), stderr }).toEqual({ code: 0, stdout: `{"result":{"doubled":42,"by":"${ending}"},"state":"completed"}`, stderr: '' });
    }
  });

  it.each(['module', 'commonjs'])('brings the command `task-system` to an app of the type %s', async (type) => {
    const command = path.join(installed.app, 'node_modules/.bin/task-system');
    writeFiles(installed.app, { [`${type}/package.json`]: JSON.stringify({ type }) });
    const { code, stdout, stderr } = await run(process.execPath, [command, 'doctor', '--json', '--require', 'process'], { cwd: path.join(installed.app, type) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = z.looseObject({ levels: z.array(z.looseObject({ level: z.string(), available: z.boolean() })) }).parse(JSON.parse(stdout));
    expect(report.levels.map(({ level }) => level)).toEqual(['kernel', 'permission-model', 'process']);
    expect(report.levels.filter(({ level, available }) => level !== 'kernel' && !available)).toEqual([]);
  });

  it('lets a shell run the command', () => {
    expect(read('dist/cli.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
    accessSync(path.join(installed.app, 'node_modules/.bin/task-system'), constants.X_OK);
  });

  it('lets the process end by itself after close', async () => {
    writeFiles(installed.app, { 'idle.mjs': "import { createTaskSystem } from 'task-system';\nconst tasks = await createTaskSystem({ root: './idle', tasks: {} });\nawait tasks.close();" });
    expect((await runNode('idle.mjs', installed.app)).code).toBe(0);
  });

  it('keeps the identity of its errors across module systems', async () => {
    writeFiles(installed.app, {
      'identity.mjs': `import { createRequire } from 'node:module';
import { TaskSystemError as Esm } from 'task-system';
const { TaskSystemError: Cjs } = createRequire(import.meta.url)('task-system');
console.log(Esm.isInstance(new Cjs('QUEUE_FULL', 'x')), Cjs.isInstance(new Esm('QUEUE_FULL', 'x')));`,
    });
    expect((await runNode('identity.mjs', installed.app)).stdout.trim()).toBe('true true');
  });

  it.each([['nodenext', 'nodenext', 'mts'], ['nodenext', 'nodenext', 'cts'], ['bundler', 'esnext', 'ts']])('has types for moduleResolution %s (module %s, .%s)', async (moduleResolution, module, ending) => {
    lendPackages(installed.app, ['@types/node', 'undici-types', 'zod']);
    const directory = path.join(installed.app, `types-${moduleResolution}-${ending}`);
    writeFiles(directory, {
      [`use.${ending}`]: CONSUMER,
      'tsconfig.json': JSON.stringify({ compilerOptions: { strict: true, noEmit: true, moduleResolution, module, target: 'es2024', types: ['node'], skipLibCheck: false }, include: ['use.*'] }),
    });
    expect(await typeCheck(directory)).toBe('');
  });

  it('has types for a browser that knows nothing of Node', async () => {
    const directory = path.join(installed.app, 'types-browser');
    writeFiles(directory, {
      'use.ts': "import { connect, type TaskEvent } from 'task-system/client';\nexport const open = connect;\nexport const name = (event: TaskEvent): string => event.type;",
      'tsconfig.json': JSON.stringify({ compilerOptions: { strict: true, noEmit: true, moduleResolution: 'bundler', module: 'esnext', target: 'es2022', lib: ['es2022', 'dom', 'dom.asynciterable', 'esnext.disposable'], types: [], skipLibCheck: false }, include: ['use.ts'] }),
    });
    expect(await typeCheck(directory)).toBe('');
  });

  it.each(ENTRIES)('exports every type that the declarations of %s mention', (entry) => {
    expect(findLeakedTypes(path.join(installed.directory, `dist/${entry}.d.ts`))).toEqual([]);
  });

  it('is small when installed', async () => {
    const [own, total] = await Promise.all([sizeOf(installed.directory), sizeOf(path.join(installed.app, 'node_modules'))]);
    process.stdout.write(`installed size: ${Math.round(own / 1_024)} KiB, with dependencies ${Math.round(total / 1_024)} KiB\n`);
    expect(own).toBeLessThan(MAX_INSTALLED_BYTES);
  });

  const oldNode = findOldNode();

  it.skipIf(oldNode === undefined).each(['app.mjs', 'app.cjs', 'node_modules/.bin/task-system'])('says one clear sentence on an old Node when %s loads it', async (app) => {
    writeFiles(installed.app, appWith('double.mjs'));
    const { code, stderr } = await run(oldNode ?? '', [app], { cwd: installed.app });
    expect(code).not.toBe(0);
    expect(stderr).toContain('This version of Node is too old. task-system needs Node 22.18 or newer, this is Node ');
  });
});

const CONSUMER = `
import { createTaskSystem, TaskSystemError, type Task, type TaskEvent, type TaskSystem } from 'task-system';
import { connect } from 'task-system/client';
import { defineTask } from 'task-system/task';
import { FakeClock, runTask } from 'task-system/testing';
import * as z from 'zod';

export const definition = defineTask({
  input: z.object({ topic: z.string() }),
  run: ({ input, progress, signal }) => {
    const topic: string = input.topic;
    progress(50, topic);
    return { topic, stopped: signal.aborted };
  },
});
export async function use(): Promise<Task | undefined> {
  const tasks: TaskSystem = await createTaskSystem({ root: './x', tasks: { research: { module: '/srv/research.js' } } }, { clock: new FakeClock() });
  tasks.events.on('task:progress', (event) => { const percent: number = event.data.percent; void percent; });
  tasks.events.on('*', (event: TaskEvent) => { void event.offset; });
  const handle = await tasks.submit({ type: 'research', input: { topic: 'bees' }, priority: 'high' });
  // @ts-expect-error a priority is one of four names or a number
  void tasks.submit({ type: 'research', priority: 'soon' });
  void runTask(definition, { input: { topic: 'bees' } });
  void connect;
  if (TaskSystemError.isInstance(await handle.result().catch((error: unknown) => error))) return undefined;
  return tasks.get(handle.id);
}
`;
