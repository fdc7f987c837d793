import { openSync } from 'node:fs';

export default {
  async run() {
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    const opened = [];
    try {
      for (;;) opened.push(openSync('/dev/null', 'r'));
    } catch (error) {
      return { code: error.code, opened: opened.length };
    }
  },
};
