import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

// Takes memory without end: alone, in steps that let others in, at once, or through children that spin.
const GREEDY = 'const kept = []; for (;;) kept.push(Buffer.alloc(4_194_304, 1));';

export default {
  async run({ input }) {
    if (input?.atOnce) return Buffer.alloc(input.atOnce).length;
    for (let child = 0; child < (input?.children ?? 0); child++) spawn(process.execPath, ['-e', GREEDY], { stdio: 'ignore' });
    if (input?.children) await new Promise(() => undefined);
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(4_194_304, 1));
      if (input?.gently) await delay(1);
    }
  },
};
