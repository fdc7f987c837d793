import { expect } from 'vitest';

/** Looks again until it fits, for as long as a busy machine may need. */
export function poll<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: 120_000 });
}
