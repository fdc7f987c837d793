/** A retry policy with all its fields. */
export interface RetrySettings {
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
}

/**
 * How long to wait after the given number of failures: a random time between 0 and `baseDelayMs * factor^(failures - 1)`, at
 * most `maxDelayMs` ("full jitter", AWS Architecture Blog, Exponential Backoff and Jitter, 2015).
 * @param random returns a number from 0 (inclusive) to 1 (exclusive).
 */
export function backoffMs(settings: RetrySettings, failures: number, random: () => number): number {
  // Many failures grow beyond every number; without the inner bound, no delay at all times infinity would be no number.
  const growth = Math.min(settings.factor ** (failures - 1), Number.MAX_VALUE);
  const bound = Math.min(settings.maxDelayMs, settings.baseDelayMs * growth);
  return Math.floor(bound * random());
}
