import { setTimeout } from 'node:timers/promises';

/** Milliseconds on a clock that all processes of a machine share and that nobody sets. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Lets the machine come to rest before the next sample: processes that are still starting or ending would be measured with it. */
export async function rest(milliseconds = 150): Promise<void> {
  await setTimeout(milliseconds);
}

/** How long something takes, in milliseconds. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = now();
  await work();
  return now() - start;
}
