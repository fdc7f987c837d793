import { writeSync } from 'node:fs';

export default {
  run() {
    // A header that promises 100 bytes, 20 bytes of them, and death.
    const frame = Buffer.alloc(24, 'x');
    frame.writeUInt32BE(100, 0);
    writeSync(3, frame);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  },
};
