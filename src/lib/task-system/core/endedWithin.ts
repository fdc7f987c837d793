import type { Clock } from '../types/Ports.ts';

/**
 * Waits for the end of what is read from a process, for a bounded time: something that escaped may hold it open. What has come by then is
 * read in any case: when this process was held up for as long, its timers are called before its sockets are read.
 * @param ended resolves with the end; @param limitMs in milliseconds.
 */
export async function endedWithin(ended: Promise<unknown> | undefined, limitMs: number, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimer(limitMs, () => { setImmediate(() => { resolve(undefined); }); });
  await Promise.race([ended, promise]);
  timer.cancel();
}
