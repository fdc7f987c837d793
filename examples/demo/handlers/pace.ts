import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `share` (0 to 1) of `paceMs` has passed since `startedAt`: stretches work so that a person can watch it. */
export async function keepPace(startedAt: number, share: number, paceMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const early = startedAt + share * paceMs - Date.now();
  if (early >= 1) await sleep(early, undefined, { signal });
}
