import { countsOf, failuresOf, type Counts, type TestReport } from './TestReport.ts';

/** What a step says of itself: whether it ended well, or why it could not be done. */
export type StepOutcome = boolean | string;

type Verdict = 'ok' | 'FAILED' | 'SKIPPED';

/** Runs steps, says how each went and how long it took, and adds everything up. */
export class Report {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #lines: string[] = [];
  readonly #failures: string[] = [];
  #counts: Counts = { passed: 0, failed: 0, skipped: 0 };

  constructor(write: (text: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  /** Runs a step that counts as one check. Resolves with whether it ended well. */
  async step(name: string, run: () => Promise<StepOutcome>): Promise<boolean> {
    const { outcome, took } = await this.#run(name, run);
    if (typeof outcome === 'string') this.#close(name, 'SKIPPED', { passed: 0, failed: 0, skipped: 1 }, `${outcome}, ${took}`);
    else this.#close(name, outcome ? 'ok' : 'FAILED', { passed: outcome ? 1 : 0, failed: outcome ? 0 : 1, skipped: 0 }, took);
    return outcome === true;
  }

  /** Runs a step that is made of tests, and counts those. A step that leaves no report counts as one failure. */
  async tests(name: string, run: () => Promise<TestReport>): Promise<boolean> {
    let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
    const { took } = await this.#run(name, async () => {
      const report = await run();
      counts = countsOf(report);
      this.#failures.push(...failuresOf(report));
      return true;
    });
    this.#close(name, counts.failed === 0 ? 'ok' : 'FAILED', counts, `${counts.passed} tests, ${took}`);
    return counts.failed === 0;
  }

  /** Counts a step that cannot be run. */
  skip(name: string, reason: string): void {
    this.#close(name, 'SKIPPED', { passed: 0, failed: 0, skipped: 1 }, reason);
  }

  /** Writes the list of steps, what failed, and the sum, alone on the last line. Returns the exit code. */
  finish(): 0 | 1 {
    const { passed, failed, skipped } = this.#counts;
    const failures = this.#failures.map((failure) => `FAILED  ${failure}\n\n`).join('');
    this.#write(`\n${this.#lines.join('\n')}\n\n${failures}${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return failed === 0 ? 0 : 1;
  }

  async #run(name: string, run: () => Promise<StepOutcome>): Promise<{ outcome: StepOutcome; took: string }> {
    this.#write(`\n=== ${name}\n`);
    const started = this.#now();
    const outcome = await run().catch((error: unknown) => {
      this.#write(`${String(error)}\n`);
      return false;
    });
    return { outcome, took: `${((this.#now() - started) / 1_000).toFixed(1)} s` };
  }

  #close(name: string, verdict: Verdict, counts: Counts, remark: string): void {
    const line = `${verdict.padEnd(8)}${name} (${remark})`;
    this.#lines.push(line);
    this.#write(`--- ${line}\n`);
    const { passed, failed, skipped } = this.#counts;
    this.#counts = { passed: passed + counts.passed, failed: failed + counts.failed, skipped: skipped + counts.skipped };
  }
}
