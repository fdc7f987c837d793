import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from 'task-system/task';
import * as z from 'zod';
import { keepPace } from './pace.ts';

const STEPS = 10;
const FOREVER_MS = 2_147_483_647;

/** Does half of its work and then waits for an answer that never comes: whoever started it has to cancel it. */
export default defineTask({
  input: z.strictObject({ paceMs: z.number().min(0) }),
  async run({ input, progress, signal }) {
    const startedAt = Date.now();
    for (let step = 0; step <= STEPS / 2; step += 1) {
      await keepPace(startedAt, step / STEPS, input.paceMs, signal);
      progress(100 * step / STEPS, `${step} of ${STEPS} backups checked`);
    }
    // The timer ends with the signal: a task that reacts to it is stopped gently, within `stopGraceMs`.
    await sleep(FOREVER_MS, undefined, { signal });
  },
});
