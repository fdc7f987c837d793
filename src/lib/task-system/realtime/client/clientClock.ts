import type { Clock } from '../../types/Ports.ts';

/** The real clock, in browsers too. Unlike that of the server its timers keep a process alive: somebody waits for events. */
export const clientClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => { clearTimeout(handle); } };
  },
};
