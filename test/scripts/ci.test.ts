import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Report } from '../../scripts/ci/Report.ts';
import { countsOf, endedFromBelow, failuresOf, readTestReport, withSecondRun, type FileReport, type TestReport } from '../../scripts/ci/TestReport.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';

function reportOf(): { readonly report: Report; readonly written: () => string } {
  let text = '';
  let time = 0;
  return { report: new Report((more) => { text += more; }, () => { time += 1_500; return time; }), written: () => text };
}

function fileWith(more: Partial<FileReport>): FileReport {
  return { file: '/x/sum.test.ts', passed: 0, skipped: 0, failures: [], ...more };
}

function reportWith(more: Partial<FileReport>): TestReport {
  return { files: [fileWith(more)], outside: [] };
}

/** What a run of vitest over one test file reports. */
async function reportOfRun(code: string): Promise<TestReport> {
  const root = temporaryDirectory();
  writeFiles(root, { 'sums.test.js': code });
  const path = (file: string): string => new URL(`../../${file}`, import.meta.url).pathname;
  await new Promise((resolve) => { execFile(process.execPath, [path('node_modules/vitest/vitest.mjs'), 'run', '--globals', '--root', root, '--reporter', path('scripts/ci/TestReporter.ts')], resolve); });
  return readTestReport(root);
}

describe('Report', () => {
  it('adds up steps and tests, and ends with the sum alone on its line', async () => {
    const { report, written } = reportOf();
    await report.step('lint', () => Promise.resolve(true));
    await report.step('setup', () => Promise.resolve('bwrap missing'));
    await report.tests('tests', () => Promise.resolve(reportWith({ passed: 40, skipped: 2 })));
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

  it('counts a failure when the tests leave no report', async () => {
    const { report } = reportOf();
    await report.tests('tests', () => Promise.reject(new Error('no file')));
    expect(report.finish()).toBe(1);
  });

  it('repeats what failed right before the sum', async () => {
    const { report, written } = reportOf();
    await report.tests('tests', () => Promise.resolve(reportWith({ failures: ['a.test.ts: adds\n  expected 3'] })));
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

describe('TestReporter', () => {
  it('counts tests by how they ended, and names those that failed with what they said', async () => {
    const report = await reportOfRun(`
      it('adds', () => {});
      it.skip('divides', () => {});
      describe('sums', () => { it('subtract', () => { throw new Error('expected 1\\nto be 2'); }); });
    `);
    expect(countsOf(report)).toEqual({ passed: 1, failed: 1, skipped: 1 });
    expect(failuresOf(report)).toEqual([expect.stringMatching(/^sums\.test\.js: sums > subtract\n {2}Error: expected 1\n {2}to be 2/)]);
  });

  it('names a file that cannot be loaded', async () => {
    expect(failuresOf(await reportOfRun("import './nothing.js'; it('adds', () => {});"))).toEqual([expect.stringMatching(/^sums\.test\.js: outside of its tests\n.*nothing\.js/)]);
  });

  it('counts a hook that fails behind tests that pass', async () => {
    const report = await reportOfRun("it('adds', () => {}); afterAll(() => { throw new Error('not closed'); });");
    expect(countsOf(report)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(failuresOf(report)).toEqual([expect.stringContaining('not closed')]);
  });

  it('names the test in which the process ended, and the signal, and skips nothing in silence', async () => {
    const report = await reportOfRun("it('dies', () => new Promise(() => { process.kill(process.pid, 'SIGKILL'); })); it('adds', () => {});");
    expect(countsOf(report)).toEqual({ passed: 0, failed: 2, skipped: 0 });
    expect(failuresOf(report)).toEqual(['sums.test.js: dies\n  This and 1 more tests were not finished: their process is gone.', expect.stringContaining('SIGKILL')]);
    expect(endedFromBelow(report)).toEqual([expect.stringContaining('sums.test.js')]);
  });

  it('cuts what a failure says at length', async () => {
    const [failure] = failuresOf(await reportOfRun("it('t', () => { throw new Error('x'.repeat(10_000)); });"));
    expect(failure?.length).toBeLessThan(700);
  });
});

describe('readTestReport', () => {
  it('refuses a report of another form', () => {
    const root = temporaryDirectory();
    writeFiles(root, { '.cache/ci/tests.json': '{"passed":3}' });
    expect(() => readTestReport(root)).toThrow();
  });
});

describe('endedFromBelow', () => {
  it('leaves out a file with a failed test: it has said enough', () => {
    expect(endedFromBelow(reportWith({ unfinished: 'a', failures: ['b'] }))).toEqual([]);
    expect(endedFromBelow(reportWith({ passed: 3 }))).toEqual([]);
    expect(endedFromBelow(reportWith({ unfinished: 'a', passed: 3 }))).toEqual(['/x/sum.test.ts']);
  });
});

describe('withSecondRun', () => {
  const first: TestReport = { files: [fileWith({ unfinished: 'a', passed: 3 }), { ...fileWith({ passed: 7 }), file: '/x/other.test.ts' }], outside: ['SIGSEGV while running /x/sum.test.ts', 'an error that nobody caught'] };

  it('counts a file that was run again once, and keeps what else went wrong', () => {
    const report = withSecondRun(first, reportWith({ passed: 5 }));
    expect(countsOf(report)).toEqual({ passed: 12, failed: 1, skipped: 0 });
    expect(failuresOf(report)).toEqual(['an error that nobody caught']);
  });

  it('fails when the second run ends the same way', () => {
    expect(countsOf(withSecondRun(first, { ...reportWith({ unfinished: 'a' }), outside: ['SIGSEGV while running /x/sum.test.ts'] })).failed).toBe(3);
  });
});
