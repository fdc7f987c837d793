import { describe, expect, it } from 'vitest';
import { Report } from '../../scripts/ci/Report.ts';
import { readFailures, readTestCounts } from '../../scripts/ci/testCounts.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';

function reportOf(): { readonly report: Report; readonly written: () => string } {
  let text = '';
  let time = 0;
  return { report: new Report((more) => { text += more; }, () => { time += 1_500; return time; }), written: () => text };
}

function countsIn(results: object): ReturnType<typeof readTestCounts> {
  const directory = temporaryDirectory();
  writeFiles(directory, { 'report.json': JSON.stringify(results) });
  return readTestCounts(`${directory}/report.json`);
}

describe('Report', () => {
  it('adds up steps and tests, and ends with the sum alone on its line', async () => {
    const { report, written } = reportOf();
    await report.step('lint', () => Promise.resolve(true));
    await report.step('setup', () => Promise.resolve('bwrap missing'));
    await report.tests('tests', () => Promise.resolve(true), () => ({ passed: 40, failed: 0, skipped: 2 }));
    expect(report.finish()).toBe(0);
    expect(written().split('\n').at(-2)).toBe('41 passed, 0 failed, 3 skipped');
    expect(written()).toContain('SKIPPED setup (bwrap missing, 1.5 s)');
  });

  it('names a failed step and ends with 1', async () => {
    const { report, written } = reportOf();
    expect(await report.step('lint', () => Promise.resolve(false))).toBe(false);
    expect(report.finish()).toBe(1);
    expect(written()).toContain('FAILED  lint (1.5 s)');
    expect(written().endsWith('\n0 passed, 1 failed, 0 skipped\n')).toBe(true);
  });

  it('takes a step that throws for a failed one, and shows why', async () => {
    const { report, written } = reportOf();
    await report.step('pack', () => Promise.reject(new Error('no space')));
    expect(report.finish()).toBe(1);
    expect(written()).toContain('no space');
  });

  it('counts a failure when the tests fail without a failed test', async () => {
    const { report, written } = reportOf();
    await report.tests('tests', () => Promise.resolve(false), () => ({ passed: 3, failed: 0, skipped: 0 }));
    expect(report.finish()).toBe(1);
    expect(written()).toContain('3 passed, 1 failed, 0 skipped');
  });

  it('counts a failure when the tests leave no report', async () => {
    const { report } = reportOf();
    await report.tests('tests', () => Promise.resolve(true), () => { throw new Error('no file'); });
    expect(report.finish()).toBe(1);
  });

  it('repeats what failed right before the sum', async () => {
    const { report, written } = reportOf();
    await report.tests('tests', () => Promise.resolve(false), () => ({ passed: 0, failed: 1, skipped: 0 }), () => ['a.test.ts: adds\n  expected 3']);
    report.finish();
    expect(written().endsWith('\n\nFAILED  a.test.ts: adds\n  expected 3\n\n0 passed, 1 failed, 0 skipped\n')).toBe(true);
  });

  it('counts steps that could not be run', () => {
    const { report, written } = reportOf();
    report.skip('publint', 'there is no build');
    report.finish();
    expect(written()).toContain('0 passed, 0 failed, 1 skipped');
  });
});

describe('readTestCounts', () => {
  it('counts tests by how they ended', () => {
    const assertionResults = ['passed', 'passed', 'failed', 'pending', 'skipped', 'todo'].map((status) => ({ status }));
    expect(countsIn({ testResults: [{ status: 'failed', assertionResults }] })).toEqual({ passed: 2, failed: 1, skipped: 3 });
  });

  it('counts a file that could not be loaded', () => {
    expect(countsIn({ testResults: [{ status: 'failed', assertionResults: [] }, { status: 'passed', assertionResults: [{ status: 'passed' }] }] })).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('refuses a report of another form', () => {
    expect(() => countsIn({ numPassedTests: 3 })).toThrow();
  });
});

describe('readFailures', () => {
  function failuresIn(results: object): readonly string[] {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'report.json': JSON.stringify(results) });
    return readFailures(`${directory}/report.json`);
  }

  it('names the file and the test, and what it said', () => {
    const assertionResults = [{ status: 'passed', fullName: 'sum adds' }, { status: 'failed', fullName: 'sum subtracts', failureMessages: ['expected 1\nto be 2'] }];
    expect(failuresIn({ testResults: [{ name: '/x/sum.test.ts', status: 'failed', assertionResults }] })).toEqual(['sum.test.ts: sum subtracts\n  expected 1\n  to be 2']);
  });

  it('names a file that could not be loaded', () => {
    expect(failuresIn({ testResults: [{ name: '/x/sum.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }] })).toEqual(['sum.test.ts: the file could not be run\n  no such module']);
  });

  it('cuts what a failure says at length', () => {
    const assertionResults = [{ status: 'failed', fullName: 't', failureMessages: ['x'.repeat(10_000)] }];
    expect(failuresIn({ testResults: [{ name: 'a', status: 'failed', assertionResults }] })[0]?.length).toBeLessThan(700);
  });
});
