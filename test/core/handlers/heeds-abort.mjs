import { writeFileSync } from 'node:fs';

export default {
  run({ signal, log, input }) {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        writeFileSync(input.note, `${signal.reason.name}: ${signal.reason.message}`);
        resolve('stopped by myself');
      }, { once: true });
      log.info('waiting');
    });
  },
};
