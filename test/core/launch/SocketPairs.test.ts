import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SocketPairs, type SocketPair } from '../../../src/lib/task-system/core/launch/SocketPairs.ts';
import { temporaryDirectory } from '../support.ts';
import { until } from '../until.ts';

async function openPairs(size: number, directory = temporaryDirectory()): Promise<SocketPairs> {
  const pairs = new SocketPairs(size);
  onTestFinished(() => pairs.close());
  await pairs.open(directory);
  return pairs;
}

function letGo(pairs: readonly SocketPair[]): void {
  for (const { ours, theirs } of pairs) {
    ours.destroy();
    theirs.destroy();
  }
}

describe.skipIf(process.platform !== 'linux')('SocketPairs', () => {
  it('connects both ends of a pair, and no two pairs', async () => {
    const taken = (await openPairs(3)).take(3) ?? [];
    expect(taken).toHaveLength(3);
    for (const [index, { ours }] of taken.entries()) ours.write(`message ${index}`);
    const heard = await Promise.all(taken.map(async ({ theirs }) => {
      theirs.resume();
      const [chunk]: unknown[] = await once(theirs, 'data');
      return String(chunk);
    }));
    letGo(taken);
    expect(heard).toEqual(['message 0', 'message 1', 'message 2']);
  });

  it('names the descriptor of the end that is given away', async () => {
    const taken = (await openPairs(2)).take(2) ?? [];
    const open = readdirSync('/proc/self/fd').map(Number);
    const descriptors = taken.map(({ descriptor }) => descriptor);
    letGo(taken);
    expect(open).toEqual(expect.arrayContaining(descriptors));
    expect(new Set(descriptors).size).toBe(2);
  });

  it('reads nothing from the end that is given away', async () => {
    const [pair] = (await openPairs(1)).take(1) ?? [];
    if (pair === undefined) throw new Error('no pair');
    await new Promise<void>((resolve) => { pair.ours.write('for the child', () => { resolve(); }); });
    expect(pair.theirs.bytesRead).toBe(0);
    letGo([pair]);
  });

  it('gives nothing rather than too little', async () => {
    const pairs = await openPairs(2);
    expect(pairs.take(3)).toBeUndefined();
    letGo(pairs.take(2) ?? []);
  });

  it('fills up again after some were taken', async () => {
    const pairs = await openPairs(2);
    letGo(pairs.take(2) ?? []);
    let again: readonly SocketPair[] | undefined;
    await until(() => (again = pairs.take(2)) !== undefined);
    letGo(again ?? []);
    expect(again).toHaveLength(2);
  });

  it('works in a directory whose path is longer than an address may be', async () => {
    const far = join(temporaryDirectory(), 'd'.repeat(200));
    mkdirSync(far);
    const taken = (await openPairs(1, far)).take(1) ?? [];
    letGo(taken);
    expect(taken).toHaveLength(1);
  });

  it('leaves nothing behind when it is closed, and gives nothing any more', async () => {
    const directory = temporaryDirectory();
    const pairs = new SocketPairs(3);
    const before = readdirSync('/proc/self/fd').length;
    await pairs.open(directory);
    await pairs.close();
    await until(() => readdirSync('/proc/self/fd').length <= before);
    expect([readdirSync(directory), pairs.take(1)]).toEqual([[], undefined]);
  });

  it('rejects where there is no such directory', async () => {
    await expect(new SocketPairs(1).open(join(temporaryDirectory(), 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
