import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';
import { TEST_REPORT, type FileReport, type TestReport } from './TestReport.ts';

/** How many characters of a failure are repeated at the end. */
const MAX_FAILURE_CHARACTERS = 600;

/** A line of a stack that tells nothing of the test. */
const FRAME_OF_VITEST = /^\s+at .*(?:node_modules\/vite|node:|<anonymous>\))/;

/**
 * Writes a short report of a run of vitest. Other than vitest's own it tells of a file whose process ended under it, and of tests that
 * nobody finished: they are failures and not skipped.
 */
export default class TestReporter implements Reporter {
  #root = '';

  onInit({ config }: Vitest): void {
    this.#root = config.root;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = path.join(this.#root, TEST_REPORT);
    const report: TestReport = { files: modules.map(reportOf), outside: unhandled.map((error) => describe('outside of the tests', textOf(error))) };
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(report));
  }
}

function reportOf(module: TestModule): FileReport {
  const name = path.basename(module.moduleId);
  const tests = [...module.children.allTests()].map((test) => ({ name: `${name}: ${test.fullName}`, ...test.result() }));
  const count = (state: string): number => tests.filter((test) => test.state === state).length;
  const broken = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors().map((error) => describe(`${name}: outside of its tests`, textOf(error))));
  const failed = tests.filter(({ state }) => state === 'failed').map((test) => describe(test.name, (test.errors ?? []).map(textOf).join('\n')));
  const [unfinished] = tests.filter(({ state }) => state === 'pending');
  return {
    file: module.moduleId, passed: count('passed'), skipped: count('skipped'), failures: [...broken, ...failed],
    ...(unfinished === undefined ? {} : { unfinished: describe(unfinished.name, `This and ${String(count('pending') - 1)} more tests were not finished: their process is gone.`) }),
  };
}

function textOf(error: SerializedError): string {
  const lines = (error.stack ?? error.message).split('\n').filter((line) => !FRAME_OF_VITEST.test(line));
  return [...lines, ...(error.cause === undefined ? [] : [`because of: ${textOf(error.cause)}`])].join('\n');
}

function describe(name: string, text: string): string {
  return `${name}\n  ${text.slice(0, MAX_FAILURE_CHARACTERS).trim().replaceAll('\n', '\n  ')}`;
}
