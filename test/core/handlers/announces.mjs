import { appendFileSync } from 'node:fs';

/** Says that it is there, waits for a while by its own event loop, and goes. */
export default {
  async run({ input }) {
    appendFileSync(input.ledger, `start ${process.pid} ${input.project}\n`);
    for (let turn = 0; turn < input.turns; turn++) await new Promise((resolve) => { setImmediate(resolve); });
    appendFileSync(input.ledger, `end ${process.pid} ${input.project}\n`);
    if (input.fails) throw new Error('on purpose');
    return process.pid;
  },
};
