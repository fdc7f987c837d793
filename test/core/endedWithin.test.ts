import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endedWithin } from '../../src/lib/task-system/core/endedWithin.ts';
import { isAlive } from '../../src/lib/task-system/core/processTree.ts';
import { hasProc } from '../../src/lib/task-system/policy/procfs.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { turns } from './until.ts';

describe('endedWithin', () => {
  it('waits for the end, and leaves no timer behind', async () => {
    const [clock, end] = [new FakeClock(), Promise.withResolvers<undefined>()];
    const waiting = endedWithin(end.promise, 500, clock);
    clock.advance(499);
    end.resolve(undefined);
    await waiting;
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait where there is nothing to end', async () => {
    const clock = new FakeClock();
    await endedWithin(undefined, 500, clock);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits no longer than it may', async () => {
    const clock = new FakeClock();
    let isOver = false;
    const waiting = endedWithin(new Promise(() => undefined), 500, clock).then(() => { isOver = true; });
    clock.advance(499);
    await turns();
    expect(isOver).toBe(false);
    clock.advance(1);
    await waiting;
  });

  it.runIf(hasProc())('hears what has come by then, also when this process was held up for all of the time', async () => {
    for (let round = 0; round < 20; round++) {
      const child = spawn('/bin/sh', ['-c', 'echo last words'], { stdio: ['ignore', 'pipe', 'ignore'] });
      let heard = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => { heard += text; });
      const clock = new FakeClock();
      setTimeout(() => { clock.advance(500); });
      // No turn of the event loop in between: nothing can have been read yet, and the timer comes first.
      while (isAlive(child.pid ?? 0));
      await endedWithin(once(child.stdout, 'end'), 500, clock);
      expect(heard).toBe('last words\n');
    }
  });
});
