import { runAgent } from 'task-system/agent';
import { defineTask } from 'task-system/task';

export default defineTask({
  run: async (context) => (await runAgent(context, { prompt: `Look at ${JSON.stringify(context.input)}`, remember: false })).text,
});
