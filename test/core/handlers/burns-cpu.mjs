import { spawn } from 'node:child_process';

export default {
  async run({ input }) {
    if (input?.child) spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    else for (;;);
    await new Promise(() => undefined);
  },
};
