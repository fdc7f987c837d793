import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { writeFiles } from '../../support/files.ts';

const LOADER = fileURLToPath(new URL('./loadAll.ts', import.meta.url));

/** A line that the loader prints. */
const Line = z.object({ result: z.unknown().optional(), error: z.looseObject({ code: z.string().optional(), message: z.string(), cause: z.unknown().optional() }).optional() });
type Loaded = z.infer<typeof Line>;

/** Each module by its name, with what it holds; a module without text is not there at all. */
const MODULES = {
  // Modules that work. What their handler returns is checked.
  'plain.js': 'export default { run: () => "js" };',
  'module.mjs': 'export default { run: () => "mjs" };',
  'common.cjs': 'module.exports = { run: () => "cjs" };',
  'typed.ts': 'interface Bee { readonly name: string }\nconst bee: Bee = { name: "ts" };\nexport default { run: (): string => bee.name };',
  'typed.mts': 'export default { run: (): string => "mts" };',
  'imports-typed.ts': 'import { helper } from "./lib/helper.ts";\nexport default { run: () => helper("x" as string) };',
  'compiled.cjs': '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.default = { run: () => "compiled" };',
  'with-class.js': 'class Handler { #answer = "method"; run() { return this.#answer; } }\nexport default new Handler();',
  'awaits.js': 'const value = await Promise.resolve("awaited");\nexport default { run: () => value };',
  'with space & ünïcode.js': 'export default { run: () => "space" };',
  'other-exports.js': 'export const more = 1;\nexport default { run: () => "with others" };',
  'lives-with-modules.cjs': 'const { run } = require("./module.mjs").default;\nmodule.exports = { run: async () => `${run()} and ${(await import("./plain.js")).default.run()}` };',
  'knows-itself.cjs': 'module.exports = { run: () => [require("node:path").basename(__filename), module.exports === require(__filename)] };',
  'function.cjs': 'module.exports = () => 1;',
  'nothing.cjs': '',
  'lib/helper.ts': 'export function helper(text: string): string { return `helped ${text}`; }',
  'lib/broken.js': 'const = 3;',
  'lib/broken.cjs': 'const = 3;',
  // Modules without a definition.
  'empty.js': '',
  'named-only.js': 'export const run = () => 1;\nexport const task = { run };',
  'default-function.js': 'export default () => 1;',
  'default-text.js': 'export default "run";',
  'default-null.js': 'export default null;',
  'run-is-no-function.js': 'export default { run: true };',
  'too-deep.cjs': 'module.exports = { default: { default: { run: () => 1 } } };',
  'throwing-getter.js': 'export default { get run() { throw new Error("from the getter"); } };',
  // Modules that cannot be parsed.
  'syntax.js': 'export default {',
  'syntax.cjs': 'module.exports = {',
  'syntax.ts': 'export default { run: (: string) => 1 };',
  'enum.ts': 'enum Color { Red }\nexport default { run: () => Color.Red };',
  'parameter-property.ts': 'class A { constructor(readonly x: number) {} }\nexport default { run: () => new A(1).x };',
  'imports-broken.js': 'import "./lib/broken.js";\nexport default { run: () => 1 };',
  'requires-broken.cjs': 'require("./lib/broken.cjs");\nmodule.exports = { run: () => 1 };',
  // Modules that fail while they are imported.
  'throws.js': 'throw new RangeError("top level\\nsecond line");',
  'throws.cjs': 'throw new RangeError("top level");',
  'throws-text.js': 'throw "just text";',
  'throws-nothing.js': 'throw undefined;',
  'rejects.js': 'await Promise.reject(new Error("awaited and lost"));',
  'parses-json.js': 'JSON.parse("{ not json");\nexport default { run: () => 1 };',
  'new-function.js': 'new Function("const = 3");\nexport default { run: () => 1 };',
  'own-syntax-error.js': 'throw new SyntaxError("of my own");',
  'missing-import.js': 'import "./not-there.js";\nexport default { run: () => 1 };',
  'missing-package.js': 'import "no-such-package-at-all";\nexport default { run: () => 1 };',
  'missing-require.cjs': 'require("./not-there.cjs");\nmodule.exports = { run: () => 1 };',
  'missing-named.js': 'import { nothing } from "./common.cjs";\nexport default { run: () => nothing };',
  'missing-export.js': 'import { nothing } from "./plain.js";\nexport default { run: () => nothing };',
  'unknown.ending': 'export default { run: () => 1 };',
} as const satisfies Record<string, string>;

const MISSING = ['gone.js', 'gone.ts', 'gone.cjs'] as const;

type Name = keyof typeof MODULES | typeof MISSING[number] | 'a-folder';

const loaded = new Map<string, Loaded>();
let directory = '';

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'task-system-handlers-'));
  writeFiles(directory, { 'package.json': '{"type":"module"}', ...MODULES });
  mkdirSync(path.join(directory, 'a-folder'));
  const names = [...Object.keys(MODULES), ...MISSING, 'a-folder'];
  const urls = names.map((name) => pathToFileURL(path.join(directory, name)).href);
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', LOADER, ...urls]);
  for (const [index, line] of stdout.trim().split('\n').entries()) loaded.set(names[index] ?? '', Line.parse(JSON.parse(line)));
});

afterAll(() => { rmSync(directory, { recursive: true, force: true }); });

function errorOf(name: Name): NonNullable<Loaded['error']> {
  const error = loaded.get(name)?.error;
  if (error === undefined) throw new Error(`${name} was loaded: ${JSON.stringify(loaded.get(name))}`);
  return error;
}

describe('loadHandler', () => {
  it.each<[Name, unknown]>([
    ['plain.js', 'js'],
    ['module.mjs', 'mjs'],
    ['common.cjs', 'cjs'],
    ['typed.ts', 'ts'],
    ['typed.mts', 'mts'],
    ['imports-typed.ts', 'helped x'],
    ['compiled.cjs', 'compiled'],
    ['with-class.js', 'method'],
    ['awaits.js', 'awaited'],
    ['with space & ünïcode.js', 'space'],
    ['other-exports.js', 'with others'],
    ['lives-with-modules.cjs', 'mjs and js'],
    ['knows-itself.cjs', ['knows-itself.cjs', true]],
  ])('loads %s', (name, expected) => {
    expect(loaded.get(name)).toEqual({ result: expected });
  });

  it.each(MISSING)('says HANDLER_NOT_FOUND for a file that is not there (%s), and where it looked', (name) => {
    expect(errorOf(name)).toMatchObject({ code: 'HANDLER_NOT_FOUND', retryable: false, details: { path: path.join(directory, name) } });
  });

  it.each<[Name, string]>([
    ['empty.js', 'exports nothing'],
    ['named-only.js', 'exports run, task'],
    ['default-function.js', 'exports default'],
    ['default-text.js', 'exports default'],
    ['default-null.js', 'exports default'],
    ['run-is-no-function.js', 'exports default'],
    ['too-deep.cjs', 'exports default'],
    ['function.cjs', 'exports default'],
    ['nothing.cjs', 'exports default'],
  ])('says HANDLER_NO_DEFAULT for %s, and what there is instead', (name, what) => {
    const error = errorOf(name);
    expect(error.code).toBe('HANDLER_NO_DEFAULT');
    expect(error.message).toContain(`${path.join(directory, name)} ${what}`);
  });

  it.each<[Name]>([['syntax.js'], ['syntax.cjs'], ['syntax.ts'], ['enum.ts'], ['parameter-property.ts'], ['imports-broken.js'], ['requires-broken.cjs']])('says HANDLER_SYNTAX for %s', (name) => {
    const error = errorOf(name);
    expect(error).toMatchObject({ code: 'HANDLER_SYNTAX', retryable: false, cause: { name: 'SyntaxError' } });
    expect(error.message).toContain(path.join(directory, name));
  });

  it.each<[Name, string]>([
    ['throws.js', 'top level'],
    ['throws.cjs', 'top level'],
    ['throws-text.js', 'just text'],
    ['throws-nothing.js', 'undefined'],
    ['rejects.js', 'awaited and lost'],
    ['parses-json.js', 'JSON'],
    ['new-function.js', 'Unexpected token'],
    ['own-syntax-error.js', 'of my own'],
    ['missing-import.js', 'not-there.js'],
    ['missing-package.js', 'no-such-package-at-all'],
    ['missing-require.cjs', 'not-there.cjs'],
    ['missing-export.js', 'nothing'],
    ['missing-named.js', 'nothing'],
    ['unknown.ending', '.ending'],
    ['a-folder', 'a-folder'],
  ])('says HANDLER_IMPORT_FAILED for %s, and why', (name, why) => {
    const error = errorOf(name);
    expect(error.code).toBe('HANDLER_IMPORT_FAILED');
    expect(error.message).toContain(`${path.join(directory, name)}: `);
    expect(error.message).toContain(why);
  });

  it('keeps messages on one line, and the whole error as the cause', () => {
    expect(errorOf('throws.js').message).not.toContain('second line');
    expect(errorOf('throws.js').cause).toMatchObject({ name: 'RangeError', message: 'top level\nsecond line' });
  });

  it('passes on what a strange module throws when it is looked at', () => {
    expect(errorOf('throwing-getter.js').message).toContain('from the getter');
  });
});
