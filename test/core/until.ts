/** Waits until something is so; looks again with every turn of the event loop. The time limit of the test is the only one. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await turns(1);
}

/** Lets everything that waits for a promise, a stream or an immediate go on, without waiting for any clock. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => { setImmediate(resolve); });
}
