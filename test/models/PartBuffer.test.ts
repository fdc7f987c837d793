import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartBuffer } from '../../src/lib/task-system/models/PartBuffer.ts';

const KIB = 1_024;
const part = (value: string, bytes = value.length): { value: string; bytes: number } => ({ value, bytes });
const settle = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('PartBuffer', () => {
  it('gives what there is', async () => {
    const buffer = new PartBuffer();
    await buffer.push(part('a'));
    await buffer.push(part('b'));
    await expect(buffer.take()).resolves.toEqual({ parts: ['a', 'b'], isDone: false });
  });

  it('waits for what comes next', async () => {
    const buffer = new PartBuffer();
    const taken = buffer.take();
    expect(buffer.isAwaited).toBe(true);
    await buffer.push(part('a'));
    await expect(taken).resolves.toEqual({ parts: ['a'], isDone: false });
    expect(buffer.isAwaited).toBe(false);
  });

  it('says with the last parts that they are the last', async () => {
    const buffer = new PartBuffer();
    await buffer.push(part('a'));
    buffer.end();
    await expect(buffer.take()).resolves.toEqual({ parts: ['a'], isDone: true });
  });

  it('tells who waits that nothing more will come', async () => {
    const buffer = new PartBuffer();
    const taken = buffer.take();
    buffer.end();
    await expect(taken).resolves.toEqual({ parts: [], isDone: true });
  });

  it('keeps the writer waiting while nobody reads', async () => {
    const buffer = new PartBuffer();
    let isWritten = false;
    const pushed = buffer.push(part('big', 300 * KIB)).then(() => { isWritten = true; });
    await settle();
    expect(isWritten).toBe(false);
    await buffer.take();
    await pushed;
  });

  it('lets a writer go when it is ended', async () => {
    const buffer = new PartBuffer();
    const pushed = buffer.push(part('big', 300 * KIB));
    buffer.end();
    await expect(pushed).resolves.toBeUndefined();
  });

  it('takes nothing after its end', async () => {
    const buffer = new PartBuffer();
    buffer.end();
    await buffer.push(part('late'));
    await expect(buffer.take()).resolves.toEqual({ parts: [], isDone: true });
  });

  it('cuts what there is into answers of a bounded size', async () => {
    const buffer = new PartBuffer();
    for (let index = 0; index < 6; index++) await buffer.push(part(String(index), 30 * KIB));
    await expect(buffer.take()).resolves.toEqual({ parts: ['0', '1', '2'], isDone: false });
    await expect(buffer.take()).resolves.toEqual({ parts: ['3', '4', '5'], isDone: false });
  });

  it('loses nothing and keeps the order, however reading and writing take turns', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 100 * KIB }), { maxLength: 30 }), fc.array(fc.boolean(), { maxLength: 60 }), async (sizes, turns) => {
      const buffer = new PartBuffer();
      const write = async (): Promise<void> => {
        for (const [index, bytes] of sizes.entries()) {
          await buffer.push(part(String(index), bytes));
          if (turns[index] === true) await settle();
        }
        buffer.end();
      };
      const writing = write();
      const read: unknown[] = [];
      for (let isDone = false; !isDone;) {
        const taken = await buffer.take();
        read.push(...taken.parts);
        ({ isDone } = taken);
      }
      await writing;
      expect(read).toEqual(sizes.map((_size, index) => String(index)));
    }), { numRuns: 50 });
  });
});
