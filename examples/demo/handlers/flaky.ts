import { defineTask } from 'task-system/task';
import * as z from 'zod';
import { keepPace } from './pace.ts';

const STEPS = 10;

/** Fails in the middle of its first attempt, as a call to a service that is down would; the second attempt goes through. */
export default defineTask({
  input: z.strictObject({ paceMs: z.number().min(0) }),
  async run({ input, task, progress, log, signal }) {
    const startedAt = Date.now();
    for (let step = 1; step <= STEPS; step += 1) {
      await keepPace(startedAt, step / STEPS, input.paceMs, signal);
      progress(100 * step / STEPS, `attempt ${task.attempt}: ${step} of ${STEPS} advisories fetched`);
      if (task.attempt === 1 && step === STEPS / 2) {
        log.warn('the advisory service is not there, giving up for now');
        throw new Error('the advisory service answered 503');
      }
    }
    return { attempt: task.attempt, advisories: STEPS };
  },
});
