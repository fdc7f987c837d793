import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

// Takes memory without end: alone, at once, or through children that spin. Gently means in steps that let others in.
const GREEDY = 'const kept = []; for (;;) kept.push(Buffer.alloc(4_194_304, 1));';
const GENTLE = 'const kept = []; setInterval(() => { kept.push(Buffer.alloc(1_048_576, 1)); }, 20);';

export default {
  async run({ input }) {
    if (input?.atOnce) return Buffer.alloc(input.atOnce).length;
    for (let child = 0; child < (input?.children ?? 0); child++) spawn(process.execPath, ['-e', input.gently ? GENTLE : GREEDY], { stdio: 'ignore' });
    if (input?.children) await new Promise(() => undefined);
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(4_194_304, 1));
      if (input?.gently) await delay(1);
    }
  },
};
