import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

const fileSchema = z.strictObject({
  file: z.string(),
  passed: z.number(),
  skipped: z.number(),
  /** Of each failure: which test, and what it said. */
  failures: z.array(z.string()),
  /** The test in which the process of the file ended. */
  unfinished: z.string().optional(),
});

const reportSchema = z.strictObject({
  files: z.array(fileSchema),
  /** What went wrong outside of every test: an error that nobody caught, a process that ended. */
  outside: z.array(z.string()),
});

/** How the tests of one file ended. */
export type FileReport = Readonly<z.infer<typeof fileSchema>>;

/** How a run of the tests ended. */
export type TestReport = Readonly<z.infer<typeof reportSchema>>;

/** How many checks ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Where the report is written, seen from the folder of the tests. */
export const TEST_REPORT = '.cache/ci/tests.json';

/** Reads what a run of the tests in this folder left. Throws when it left nothing. */
export function readTestReport(root: string): TestReport {
  return reportSchema.parse(JSON.parse(readFileSync(path.join(root, TEST_REPORT), 'utf8')));
}

/** What failed, each in a few lines. */
export function failuresOf({ files, outside }: TestReport): readonly string[] {
  return [...files.flatMap(({ failures, unfinished }) => (unfinished === undefined ? failures : [...failures, unfinished])), ...outside];
}

/** Counts the tests. A file that could not be run to its end counts as one failure. */
export function countsOf(report: TestReport): Counts {
  const sum = (count: (file: FileReport) => number): number => report.files.reduce((total, file) => total + count(file), 0);
  return { passed: sum(({ passed }) => passed), failed: failuresOf(report).length, skipped: sum(({ skipped }) => skipped) };
}

/**
 * The files whose process was ended from below (a fault of the runtime, or the kernel's lack of memory) while no test of theirs had
 * failed: code in JavaScript cannot do that, so they say nothing yet of what they test.
 */
export function endedFromBelow({ files }: TestReport): readonly string[] {
  return files.filter(({ unfinished, failures }) => unfinished !== undefined && failures.length === 0).map(({ file }) => file);
}

/** A report in which the files of a second run stand for themselves; what the first said of their end is gone with it. */
export function withSecondRun(first: TestReport, second: TestReport): TestReport {
  const again = new Set(second.files.map(({ file }) => file));
  const files = [...first.files.filter(({ file }) => !again.has(file)), ...second.files];
  return { files, outside: [...first.outside.filter((text) => ![...again].some((file) => text.includes(file))), ...second.outside] };
}
