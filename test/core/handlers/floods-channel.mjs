import { writeSync } from 'node:fs';

export default {
  run({ input }) {
    const body = Buffer.from('{"type":"log","level":"info","text":"flood"}');
    const header = Buffer.alloc(4);
    header.writeUInt32BE(body.length, 0);
    const block = Buffer.concat(Array.from({ length: 100 }, () => Buffer.concat([header, body])));
    for (let sent = 0; sent < input.messages; sent += 100) {
      for (let at = 0; at < block.length;) {
        try {
          at += writeSync(3, block, at);
        } catch (error) {
          if (error.code !== 'EAGAIN') throw error;
        }
      }
    }
    return 'done';
  },
};
