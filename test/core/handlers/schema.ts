import { defineTask } from 'task-system/task';
import * as z from 'zod';

export default defineTask({
  input: z.object({ topic: z.string().min(1), depth: z.number().default(3) }),
  run: ({ input }) => ({ topic: input.topic.toUpperCase(), depth: input.depth }),
});
