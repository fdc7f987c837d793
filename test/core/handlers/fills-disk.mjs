import { ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Far above every limit, and below what any disk has, however late somebody looks. */
const FILES = 500;
const EMPTY_FILES = 50_000;

export default {
  async run({ input, workspace }) {
    const block = Buffer.alloc(input?.empty ? 0 : 1_048_576, 1);
    if (input?.sparse) return ftruncateSync(openSync(workspace.resolve('sparse'), 'w'), 2 ** 40);
    if (input?.oneFile) {
      const file = openSync(workspace.resolve('big'), 'w');
      for (;;) writeSync(file, block);
    }
    mkdirSync(workspace.resolve('many'));
    for (let number = 0; number < (input?.empty ? EMPTY_FILES : FILES); number++) {
      writeFileSync(workspace.resolve('many', String(number)), block);
      if (number % 16 === 0) await nextTurn();
    }
    await new Promise(() => undefined);
  },
};
