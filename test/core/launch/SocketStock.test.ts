import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FarEnds } from '../../../src/lib/task-system/core/launch/FarEnds.ts';
import { openSocketPath } from '../../../src/lib/task-system/core/launch/socketPath.ts';
import { SocketStock } from '../../../src/lib/task-system/core/launch/SocketStock.ts';
import { temporaryDirectory } from '../support.ts';
import { turns, until } from '../until.ts';

const SECRET = 'known-to-both';

interface Both {
  readonly stock: SocketStock;
  readonly ends: FarEnds;
}

async function openBoth(count: number, directory = temporaryDirectory(), secret = SECRET): Promise<Both> {
  const stock = new SocketStock(SECRET);
  onTestFinished(() => { stock.close(); });
  await stock.open(directory);
  const ends = new FarEnds(openSocketPath(directory).path, secret);
  ends.connect(count);
  return { stock, ends };
}

/** Takes three connections, and their other ends. */
async function takeThree({ stock, ends }: Both): Promise<{ readonly ours: readonly Socket[]; readonly theirs: readonly Socket[]; readonly descriptors: readonly number[] }> {
  await stock.has(3);
  const [first, second, third] = stock.take(3) ?? [];
  if (first === undefined || second === undefined || third === undefined) throw new Error('no three connections');
  const { sockets, descriptors } = ends.take([first.number, second.number, third.number]);
  const ours = [first.socket, second.socket, third.socket];
  onTestFinished(() => { for (const socket of [...ours, ...sockets]) socket.destroy(); });
  return { ours, theirs: sockets, descriptors };
}

describe.skipIf(process.platform !== 'linux')('SocketStock', () => {
  it('knows which end belongs to which: what is written to one is read at the other', async () => {
    const { ours, theirs } = await takeThree(await openBoth(3));
    for (const [index, socket] of ours.entries()) socket.write(`message ${index}`);
    const heard = await Promise.all(theirs.map(async (socket) => {
      socket.resume();
      const [chunk]: unknown[] = await once(socket, 'data');
      return String(chunk);
    }));
    expect(heard).toEqual(['message 0', 'message 1', 'message 2']);
  });

  it('reads the greeting only: what the process says comes whole', async () => {
    const { ours: [ours], theirs: [theirs] } = await takeThree(await openBoth(3));
    theirs?.write('first words');
    const [chunk]: unknown[] = ours === undefined ? [] : await once(ours, 'data');
    expect(String(chunk)).toBe('first words');
  });

  it('gives nothing rather than too little', async () => {
    const { stock } = await openBoth(2);
    await stock.has(2);
    expect(stock.take(3)).toBeUndefined();
    expect(stock.take(2)).toHaveLength(2);
  });

  it('does not believe who does not know the secret', async () => {
    const { stock } = await openBoth(3, temporaryDirectory(), 'guessed');
    const directory = temporaryDirectory();
    const other = new SocketStock(SECRET);
    onTestFinished(() => { other.close(); });
    await other.open(directory);
    const stranger = connect(openSocketPath(directory).path).resume();
    stranger.write('guessed 1\n');
    await once(stranger, 'close');
    expect([stock.take(1), other.take(1)]).toEqual([undefined, undefined]);
  });

  it('works in a directory whose path is longer than an address may be', async () => {
    const far = join(temporaryDirectory(), 'd'.repeat(200));
    mkdirSync(far);
    expect((await takeThree(await openBoth(3, far))).ours).toHaveLength(3);
  });

  it('leaves nothing behind when it is closed, and gives nothing any more', async () => {
    const directory = temporaryDirectory();
    const { stock } = await openBoth(3, directory);
    await stock.has(3);
    stock.close();
    await until(() => readdirSync(directory).length === 0);
    expect(stock.take(1)).toBeUndefined();
  });

  it('can be closed twice, and before it was opened', () => {
    const stock = new SocketStock(SECRET);
    stock.close();
    stock.close();
    expect(stock.take(1)).toBeUndefined();
  });

  it('rejects where there is no such directory', async () => {
    await expect(new SocketStock(SECRET).open(join(temporaryDirectory(), 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe.skipIf(process.platform !== 'linux')('FarEnds', () => {
  it('reads nothing: what the host writes is for the process', async () => {
    const { ours: [ours], theirs: [theirs] } = await takeThree(await openBoth(3));
    await new Promise<void>((resolve) => { ours?.write('for the child', () => { resolve(); }); });
    expect(theirs?.bytesRead).toBe(0);
  });

  it('names the descriptors of the ends that are given away', async () => {
    const { descriptors } = await takeThree(await openBoth(3));
    expect(readdirSync('/proc/self/fd').map(Number)).toEqual(expect.arrayContaining([...descriptors]));
    expect(new Set(descriptors).size).toBe(3);
  });

  it('gives no end twice', async () => {
    const both = await openBoth(3);
    await both.stock.has(3);
    expect(both.ends.take([1, 2, 3]).sockets.map((socket) => { socket.destroy(); return true; })).toEqual([true, true, true]);
    expect(() => both.ends.take([1, 2, 3])).toThrow(expect.objectContaining({ code: 'TASK_CRASHED' }));
  });

  it('gives a process all of its ends or none: with one lost the others would be taken for each other', async () => {
    const both = await openBoth(3);
    await both.stock.has(3);
    const [first, second] = both.stock.take(2) ?? [];
    expect(() => both.ends.take([1, 9, 2])).toThrow(/connection to its host was lost/);
    for (const near of [first, second]) near?.socket.resume();
    await until(() => first?.socket.readableEnded === true && second?.socket.readableEnded === true);
  });

  it('forgets an end that fails', async () => {
    const ends = new FarEnds(join(temporaryDirectory(), 'nobody-listens'), SECRET);
    ends.connect(1);
    await turns(50);
    expect(() => ends.take([1, 1, 1])).toThrow(expect.objectContaining({ code: 'TASK_CRASHED' }));
  });

  it('makes more when asked', async () => {
    const both = await openBoth(3);
    await takeThree(both);
    both.ends.connect(3);
    await both.stock.has(3);
    expect(both.stock.take(3)?.map(({ number }) => number)).toEqual([4, 5, 6]);
  });
});
