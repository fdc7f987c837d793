import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../src/lib/task-system/types/Frames.ts';
import { kill } from '../programs.ts';
import { openSystem, temporaryDirectory, testOptions } from '../support.ts';
import { until } from '../until.ts';

const PROGRAM = fileURLToPath(new URL('programs/answers.ts', import.meta.url));
const READY = { type: 'ready', version: 1 };

/** A child, and what it has said. */
interface Child {
  readonly process: ChildProcess;
  readonly channel: Socket;
  readonly heard: unknown[];
  /** Sends texts, each in a message of its own. */
  readonly say: (...texts: readonly string[]) => void;
}

/** How a child gets its channel: one whose reads wait, or one whose reads fail where there is nothing. */
const CHANNELS = { 'a channel that blocks': blockingChild, 'a channel that does not block': nonBlockingChild };

/** Node makes the pipes of a child so that they block. */
function blockingChild(): Promise<Child> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const channel = child.stdio[3];
  if (!(channel instanceof Socket)) throw new Error('no channel');
  return Promise.resolve(watch(child, channel));
}

/** What was a socket of this process before does not block. */
async function nonBlockingChild(): Promise<Child> {
  const server = createServer();
  const path = join(temporaryDirectory(), 'socket');
  await once(server.listen(path), 'listening');
  const far = connect(path);
  const [channel]: Socket[] = await once(server, 'connection');
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'ignore', 'inherit', far] });
  far.destroy();
  server.close();
  if (channel === undefined) throw new Error('no channel');
  return watch(child, channel);
}

function watch(child: ChildProcess, channel: Socket): Child {
  const decoder = new FrameDecoder(Infinity);
  const heard: unknown[] = [];
  channel.on('data', (chunk: Buffer) => { heard.push(...decoder.push(chunk)); }).on('error', () => undefined);
  onTestFinished(() => {
    if (child.pid !== undefined) kill(child.pid);
    channel.destroy();
  });
  return { process: child, channel, heard, say: (...texts) => { for (const text of texts) channel.write(frameOf(text)); } };
}

async function textOf(stream: Readable | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

function frameOf(text: string): Buffer {
  return encodeFrame({ type: 'abort', cause: 'cancelled', reason: text });
}

function answer(text: string, hasNetwork: boolean): object {
  return { type: 'log', level: 'info', text, data: hasNetwork };
}

async function textsOf({ heard }: Child, count: number): Promise<readonly unknown[]> {
  await until(() => heard.length > count);
  return heard.slice(1).map((message) => (typeof message === 'object' && message !== null && 'text' in message ? message.text : message));
}

describe('ProcessTransport', () => {
  it('needs nothing of the network while its process has nothing else to do', async () => {
    const child = await blockingChild();
    child.say('one', 'two');
    await until(() => child.heard.length === 3);
    child.say('three');
    await until(() => child.heard.length === 4);
    expect(child.heard).toEqual([READY, answer('one', false), answer('two', false), answer('three', false)]);
  });

  it('lets the event loop go on when it is needed', async () => {
    const child = await blockingChild();
    child.say('now running');
    await until(() => child.heard.length === 2);
    child.say('one');
    await until(() => child.heard.length === 3);
    expect(child.heard).toEqual([READY, answer('now running', false), answer('one', true)]);
  });

  it('makes a socket of a descriptor that does not block, as soon as there is nothing to read', async () => {
    const child = await nonBlockingChild();
    await until(() => child.heard.length === 1);
    let asked = 0;
    while (!child.heard.some((message) => isDeepStrictEqual(message, answer('again', true)))) {
      child.say('again');
      asked += 1;
      await until(() => child.heard.length > asked);
    }
    expect(child.heard[0]).toEqual(READY);
  });

  it.each([
    ['stands still', 'still', 7], ['runs', 'running', 8], ['has told its outcome', 'over', 8],
  ])('notices the end of its host while it %s', async (_name, pace, expected) => {
    const child = await blockingChild();
    child.say(`now ${pace}`);
    await until(() => child.heard.length === 2);
    child.channel.destroy();
    const [code]: unknown[] = await once(child.process, 'exit');
    expect(code).toBe(expected);
  });

  it('says so when its descriptor has been closed, and takes its host for gone', async () => {
    const child = await blockingChild();
    const stderr = textOf(child.process.stderr);
    child.say('closing');
    const [code]: unknown[] = await once(child.process, 'exit');
    expect([code, await stderr]).toEqual([8, expect.stringMatching(/^task-system: descriptor 3 is not the channel to the host any more: .+\n$/)]);
  });

  it.each(Object.entries(CHANNELS))('keeps the order of what is too much for its channel at once: %s', async (_name, start) => {
    const child = await start();
    await until(() => child.heard.length === 1);
    const texts = Array.from({ length: 40 }, (_unused, index) => `${index} ${'x'.repeat(100_000)} ${index === 20 ? 'running' : ''}`);
    // Nobody reads: the child gets on only as far as the buffers of the channel.
    child.channel.pause();
    child.say(...texts);
    await until(() => child.channel.readableLength > 0);
    child.channel.resume();
    await expect(textsOf(child, texts.length)).resolves.toEqual(texts);
  });

  it.each(Object.entries(CHANNELS))('takes messages however they are cut, and in whatever pace: %s', async (_name, start) => {
    const text = fc.tuple(fc.string({ maxLength: 40 }), fc.constantFrom(' still', ' running', ' ')).map((parts) => parts.join(''));
    await fc.assert(fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), fc.array(fc.nat(2_000), { maxLength: 10 }), async (texts, cuts) => {
      const child = await start();
      const bytes = Buffer.concat(texts.map(frameOf));
      const places = [...cuts.filter((cut) => cut < bytes.length), bytes.length].toSorted((a, b) => a - b);
      for (const [index, place] of places.entries()) child.channel.write(bytes.subarray(places[index - 1] ?? 0, place));
      expect(await textsOf(child, texts.length)).toEqual(texts);
      kill(child.process.pid ?? 0);
    }), { numRuns: 15 });
  });
});

describe('a task that is started when it is needed', () => {
  it('is called before anything of the network is loaded', async () => {
    const system = await openSystem(testOptions({ 'tells-loaded.cjs': {} }, { queue: { spares: 0 }, sandbox: { level: 'process' } }));
    const results = await Promise.all(['one', 'two', 'three'].map(async (project) => (await system.submit({ type: 'tells-loaded', project })).result()));
    expect(results).toEqual([false, false, false]);
  });
});
