/**
 * Runs every check, cheapest first, and ends with one line: `N passed, N failed, N skipped`. Each test counts, and each step that
 * is not made of tests counts as one. A failed step does not stop those that do not need it.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './ci/runProgram.ts';
import { prepareMachine } from './ci/prepareMachine.ts';
import { Report } from './ci/Report.ts';
import { endedFromBelow, failuresOf, readTestReport, TEST_REPORT, withSecondRun, type TestReport } from './ci/TestReport.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const SCRATCH = path.join(ROOT, '.cache/ci');

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
  await report.tests('tests', testAll);
  await report.step('benchmarks, one short round', () => node('bench/run.ts', '--quick'));
} else {
  for (const name of ['pack', 'publint', 'attw', 'tests', 'benchmarks, one short round']) report.skip(name, 'there is no build');
}
process.exitCode = report.finish();

async function testAll(): Promise<TestReport> {
  const first = await test();
  const broken = endedFromBelow(first);
  if (broken.length === 0) return first;
  process.stdout.write(`\nThe runtime ended under ${broken.join(', ')}, in the middle of:\n${first.files.map(({ unfinished = '' }) => unfinished).join('')}\nOnce more:\n`);
  return withSecondRun(first, await test(...broken));
}

async function test(...files: readonly string[]): Promise<TestReport> {
  rmSync(path.join(ROOT, TEST_REPORT), { force: true });
  const isGood = await node('node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=./scripts/ci/TestReporter.ts', ...files);
  const report = readTestReport(ROOT);
  return isGood || failuresOf(report).length > 0 ? report : { ...report, outside: ['vitest failed without a failed test'] };
}

function node(...args: readonly string[]): Promise<boolean> {
  return runProgram(process.execPath, args, ROOT);
}

function tarball(): string {
  return path.join(SCRATCH, readdirSync(SCRATCH).find((file) => file.endsWith('.tgz')) ?? 'no tarball was packed');
}
