import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** How many checks ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const fileSchema = z.looseObject({ status: z.string(), assertionResults: z.array(z.looseObject({ status: z.string() })) });
const reportSchema = z.looseObject({ testResults: z.array(fileSchema) });

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
