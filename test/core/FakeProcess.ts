import { ChildProcess } from 'node:child_process';
import { DirectLauncher } from '../../src/lib/task-system/core/launch/DirectLauncher.ts';
import { TaskProcess } from '../../src/lib/task-system/core/TaskProcess.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

/** A child process that was never started: it has no number, and ends when the test says so. */
export class FakeProcess extends TaskProcess {
  isDestroyed = false;
  /** Whether the operating system has nothing of it any more, though nobody was told. */
  isGone = false;
  readonly #child: ChildProcess;

  constructor(id: string) {
    const child = new ChildProcess();
    super(id, { command: 'none', args: [], env: {}, cwd: `/slots/${id}`, niceness: 0 }, { launcher: new DirectLauncher(() => child), clock: new FakeClock(), maxResultBytes: 1_000 });
    this.#child = child;
  }

  override get isThere(): boolean {
    return !this.isGone && super.isThere;
  }

  /** The process ends by itself. */
  async die(): Promise<void> {
    this.#child.emit('exit', 1, null);
    await this.exited;
  }

  override async destroy(): Promise<readonly number[]> {
    this.isDestroyed = true;
    await this.die();
    return [];
  }
}
