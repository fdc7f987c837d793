/** Makes ids. */
export type GenerateId = () => string;

const SEQUENCE_LIMIT = 0x1000;

/**
 * Ids in the form of UUID version 7 (RFC 9562): the first 48 bits are the time, the next 12 count within a millisecond, the
 * rest is random. Ids of one generator sort by age, which keeps the index they live in compact.
 */
export function createIdGenerator(now: () => number, randomBytes: (size: number) => Uint8Array): GenerateId {
  let lastMs = 0;
  let sequence = 0;
  return () => {
    const time = Math.max(now(), lastMs);
    sequence = time === lastMs ? sequence + 1 : 0;
    // More ids than fit into a millisecond borrow from the next one.
    lastMs = sequence < SEQUENCE_LIMIT ? time : time + 1;
    if (sequence >= SEQUENCE_LIMIT) sequence = 0;
    const stamp = lastMs.toString(16).padStart(12, '0');
    const random = Buffer.from(randomBytes(8));
    random.writeUInt8((random.readUInt8(0) & 0x3f) | 0x80, 0);
    const tail = random.toString('hex');
    return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`;
  };
}

/**
 * Draws randomness for many ids at once: asking for 8 bytes each time is the slowest part of a submission on the host's thread.
 * @param poolSize how many bytes are drawn at once; 4,096 by default.
 */
export function pooledBytes(randomBytes: (size: number) => Uint8Array, poolSize = 4_096): (size: number) => Uint8Array {
  let pool = new Uint8Array(0);
  let used = 0;
  return (size) => {
    if (used + size > pool.length) {
      pool = new Uint8Array(randomBytes(Math.max(poolSize, size)));
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}
