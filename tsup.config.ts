import { readFile } from 'node:fs/promises';
import { defineConfig, type Options } from 'tsup';

/** Syntax that Node 18 can still read, so that an old Node gets as far as the check that names the problem. */
const TARGET = 'es2022';

const shared: Options = {
  outDir: 'dist',
  target: TARGET,
  platform: 'node',
  sourcemap: false,
  clean: false,
  // Comes with the package: read from node_modules it costs every start of the host 50 ms and 16 MB more.
  noExternal: ['zod'],
  // `sqlite` without its prefix is no module of Node.
  removeNodeProtocol: false,
  silent: true,
};

/** For what every task process reads. */
const small: Options = { minifySyntax: true, minifyWhitespace: true };

const main = { index: 'src/index.ts', testing: 'src/testing.ts' };
const task = { task: 'src/task.ts' };
/** The command `task-system`. It is run and never imported, so it needs no declarations. */
const command = { cli: 'src/cli.ts' };
const agent = { agent: 'src/agent.ts' };
const client = { client: 'src/client.ts' };

const tokenizers = { 'tokenizer-o200k': 'src/lib/task-system/context/tokens/o200k.ts', 'tokenizer-cl100k': 'src/lib/task-system/context/tokens/cl100k.ts' };

/** What users import. */
const library: readonly Options[] = [
  { ...shared, entry: { ...main, ...command }, format: 'esm', splitting: true },
  // p-queue has no CommonJS form, and what esbuild makes of `require` finds its default export one level too high.
  { ...shared, entry: main, format: 'cjs', splitting: false, shims: true, noExternal: ['zod', 'p-queue'] },
  // By itself: every task process loads it, and should have one file to read.
  { ...shared, entry: task, format: 'esm', splitting: false, ...small },
  // With `import.meta.url`, by which the tokenizer is found when somebody counts.
  { ...shared, entry: task, format: 'cjs', splitting: false, shims: true, ...small },
  // Only for tasks that are agents: with the SDK, which stays a package.
  { ...shared, entry: agent, format: 'esm', splitting: false, external: ['ai'] },
  // Also for browsers: nothing of Node may get in.
  { ...shared, entry: client, format: ['esm', 'cjs'], splitting: false, platform: 'neutral' },
];

/** What the library starts by itself, each in one file without imports of packages. */
const programs: readonly Options[] = [
  // CommonJS starts faster than ESM.
  { ...shared, entry: { child: 'src/lib/task-system/core/child/entry.ts' }, format: 'cjs', splitting: false, shims: true, noExternal: [/^[^.]/], ...small },
  // What a canary loads: a task process would read it without need.
  { ...shared, entry: { canary: 'src/lib/task-system/core/child/canary.ts' }, format: 'cjs', splitting: false, ...small },
  // What a task process loads only when it asks for its context.
  { ...shared, entry: { context: 'src/lib/task-system/context/ContextBuilder.ts' }, format: 'cjs', splitting: false, shims: true, ...small },
  // What is loaded when somebody counts tokens: two of the nine vocabularies of gpt-tokenizer, 4 MB in place of its 27.
  { ...shared, entry: tokenizers, format: 'cjs', splitting: false, noExternal: [/^[^.]/], ...small, banner: { js: await licenceOf('gpt-tokenizer') }, esbuildOptions: keepUnicode },
  // What starts processes for the host: it should be small, and up soon.
  { ...shared, entry: { 'launch-helper': 'src/lib/task-system/core/launch/helper.ts' }, format: 'cjs', splitting: false, noExternal: [/^[^.]/], ...small },
  // What it loads with its first call of a model.
  { ...shared, entry: { models: 'src/lib/task-system/models/client/ModelClient.ts' }, format: 'cjs', splitting: false, ...small },
  // What a task process loads first when its task may reach some hosts.
  { ...shared, entry: { network: 'src/lib/task-system/core/child/network/program.ts' }, format: 'cjs', splitting: false, shims: true, noExternal: [/^[^.]/], ...small },
  // What a task process loads only when it uses a tool.
  { ...shared, entry: { tools: 'src/lib/task-system/tools/program.ts' }, format: 'cjs', splitting: false, shims: true, ...small },
  { ...shared, entry: { 'sqlite-worker': 'src/lib/task-system/store/sqlite/worker.ts' }, format: 'esm', splitting: false, noExternal: [/^[^.]/] },
];

/** One group each, so that the types of the client need nothing of Node. */
const declarations: readonly Options[] = [
  ...[main, task, client].map((entry): Options => ({ ...shared, entry, format: ['esm', 'cjs'], dts: { only: true } })),
  // The SDK has no CommonJS form.
  { ...shared, entry: agent, format: 'esm', dts: { only: true }, external: ['ai'] },
];

/** Everything but the declarations, which take ten times as long: what tests need. */
export const scripts: readonly Options[] = [...library, ...programs];

/** The whole package. */
export const all: readonly Options[] = [...scripts, ...declarations];

/** Its conditions are to go with every copy. */
async function licenceOf(name: string): Promise<string> {
  const text = await readFile(new URL(`node_modules/${name}/LICENSE`, import.meta.url), 'utf8');
  return `/*!\n${name}\n\n${text.trim()}\n*/`;
}

/** Escaped, the vocabulary of o200k would be twice as large. */
function keepUnicode(options: Parameters<NonNullable<Options['esbuildOptions']>>[0]): void {
  options.charset = 'utf8';
}

export default defineConfig([...all]);
