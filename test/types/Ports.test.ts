import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/lib/task-system/types/Ports.ts';

const LONGEST_OF_NODE_MS = 2_147_483_647;

describe('systemClock', () => {
  beforeEach(() => { vi.useFakeTimers({ now: 5_000 }); });
  afterEach(() => { vi.useRealTimers(); });

  it('tells the time of day', () => {
    expect(systemClock.now()).toBe(5_000);
  });

  it('calls back once, after the delay and not before', () => {
    const callback = vi.fn();
    systemClock.setTimer(100, callback);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it.each([0, -5])('calls back soon for a delay of %i', (delayMs) => {
    const callback = vi.fn();
    systemClock.setTimer(delayMs, callback);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('does not call back once it is cancelled', () => {
    const callback = vi.fn();
    systemClock.setTimer(100, callback).cancel();
    vi.advanceTimersByTime(1_000);
    expect(callback).not.toHaveBeenCalled();
  });

  it('may be cancelled after it has called back, and twice', () => {
    const timer = systemClock.setTimer(1, () => {});
    vi.advanceTimersByTime(2);
    expect(() => { timer.cancel(); timer.cancel(); }).not.toThrow();
  });

  it('waits for longer than a timer of Node can', () => {
    const callback = vi.fn();
    systemClock.setTimer(2 * LONGEST_OF_NODE_MS + 500, callback);
    vi.advanceTimersByTime(2 * LONGEST_OF_NODE_MS + 499);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('can be cancelled in a later step of a long wait', () => {
    const callback = vi.fn();
    const timer = systemClock.setTimer(2 * LONGEST_OF_NODE_MS, callback);
    vi.advanceTimersByTime(LONGEST_OF_NODE_MS + 1);
    timer.cancel();
    vi.advanceTimersByTime(2 * LONGEST_OF_NODE_MS);
    expect(callback).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('systemClock and the end of the process', () => {
  const ports = new URL('../../src/lib/task-system/types/Ports.ts', import.meta.url).href;

  function outputOf(keepsAlive: string): string {
    const program = `import { systemClock } from '${ports}'; await new Promise((resolve) => { systemClock.setTimer(50, resolve${keepsAlive}); }); process.stdout.write('waited');`;
    return spawnSync(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', program], { encoding: 'utf8' }).stdout;
  }

  it('lets the process end before a timer that nobody awaits', () => {
    expect(outputOf('')).toBe('');
  });

  it('keeps the process for a timer that says so', () => {
    expect(outputOf(', true')).toBe('waited');
  });
});
