/**
 * Runs every check, cheapest first, and ends with one line: `N passed, N failed, N skipped`. Each test counts, and each step that
 * is not made of tests counts as one. A failed step does not stop those that do not need it.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './ci/runProgram.ts';
import { prepareMachine } from './ci/prepareMachine.ts';
import { Report } from './ci/Report.ts';
import { readFailures, readTestCounts } from './ci/testCounts.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const SCRATCH = path.join(ROOT, '.cache/ci');
const VITEST_JSON = path.join(SCRATCH, 'vitest.json');

const report = new Report((text) => { process.stdout.write(text); });

rmSync(SCRATCH, { recursive: true, force: true });
mkdirSync(SCRATCH, { recursive: true });

await report.step('setup', prepareMachine);
await report.step('typecheck', () => node('node_modules/typescript/bin/tsc', '-p', '.'));
await report.step('lint', () => node('node_modules/eslint/bin/eslint.js', '.'));
await report.step('architecture', () => node('scripts/check-architecture.ts'));
const isBuilt = await report.step('build', () => node('scripts/build.ts'));
if (isBuilt) {
  await report.step('pack', () => runProgram('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', SCRATCH], ROOT));
  await report.step('publint', () => node('node_modules/publint/src/cli.js', tarball(), '--strict'));
  // Agents are ES modules only, as the AI SDK is; every Node that the package allows can `require` them.
  await report.step('attw', () => node('node_modules/@arethetypeswrong/cli/dist/index.js', tarball(), '--profile', 'node16', '--format', 'table', '--ignore-rules', 'cjs-resolves-to-esm'));
  await report.tests('tests', () => node('node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${VITEST_JSON}`), () => readTestCounts(VITEST_JSON), () => readFailures(VITEST_JSON));
  await report.step('benchmarks, one short round', () => node('bench/run.ts', '--quick'));
} else {
  for (const name of ['pack', 'publint', 'attw', 'tests', 'benchmarks, one short round']) report.skip(name, 'there is no build');
}
process.exitCode = report.finish();

function node(...args: readonly string[]): Promise<boolean> {
  return runProgram(process.execPath, args, ROOT);
}

function tarball(): string {
  return path.join(SCRATCH, readdirSync(SCRATCH).find((file) => file.endsWith('.tgz')) ?? 'no tarball was packed');
}
