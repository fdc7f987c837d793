import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

/** How many checks ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const testSchema = z.looseObject({ status: z.string(), fullName: z.string().default(''), failureMessages: z.array(z.string()).default([]) });
const fileSchema = z.looseObject({ name: z.string().default(''), status: z.string(), message: z.string().default(''), assertionResults: z.array(testSchema) });
const reportSchema = z.looseObject({ testResults: z.array(fileSchema) });

/** How many characters of a failure are repeated at the end. */
const MAX_FAILURE_CHARACTERS = 600;

/** Says of each failed test in vitest's JSON report which one it is and what it said, in a few lines. */
export function readFailures(file: string): readonly string[] {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [describeFailure(name, 'the file could not be run', message)];
    return failed.map((test) => describeFailure(name, test.fullName, test.failureMessages.join('\n')));
  });
}

function describeFailure(file: string, test: string, message: string): string {
  return `${path.basename(file)}: ${test}\n  ${message.slice(0, MAX_FAILURE_CHARACTERS).trim().replaceAll('\n', '\n  ')}`;
}

/** Counts the tests in vitest's JSON report. A file that could not be loaded counts as one failure. */
export function readTestCounts(file: string): Counts {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const statuses = testResults.flatMap(({ status, assertionResults }) => {
    const tests = assertionResults.map((result) => result.status);
    return status === 'failed' && !tests.includes('failed') ? [...tests, 'failed'] : tests;
  });
  const count = (...names: readonly string[]): number => statuses.filter((status) => names.includes(status)).length;
  const [passed, failed] = [count('passed'), count('failed')];
  return { passed, failed, skipped: statuses.length - passed - failed };
}
