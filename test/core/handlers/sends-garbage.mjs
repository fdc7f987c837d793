import { writeSync } from 'node:fs';

const frame = (bytes) => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes.length, 0);
  return Buffer.concat([header, bytes]);
};

const kinds = {
  'not json': () => frame(Buffer.from('{nonsense')),
  'huge length': () => Buffer.from([0xff, 0xff, 0xff, 0xff]),
  'unknown type': () => frame(Buffer.from('{"type":"obey"}')),
  'wrong field': () => frame(Buffer.from('{"type":"progress","percent":"lots"}')),
  'policy field': () => frame(Buffer.from('{"type":"progress","percent":1,"allow":["*"]}')),
  'deep nesting': () => frame(Buffer.from(`{"type":"progress","percent":1,"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)),
  'a megabyte of progress': () => frame(Buffer.from(JSON.stringify({ type: 'progress', percent: 1, data: Array.from({ length: 50_000 }, () => ({ a: [1, 2] })) }))),
  'result not json': () => frame(Buffer.from(JSON.stringify({ type: 'result', json: '{oops' }))),
  'random bytes': () => Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256)),
};

export default {
  run({ input }) {
    const bytes = kinds[input.kind]();
    for (let at = 0; at < bytes.length;) {
      try {
        at += writeSync(3, bytes, at);
      } catch (error) {
        if (error.code === 'EPIPE') break;
        if (error.code !== 'EAGAIN') throw error;
      }
    }
    return new Promise(() => undefined);
  },
};
