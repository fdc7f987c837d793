import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ClientSocket } from '../../src/lib/task-system/realtime/server/ClientSocket.ts';
import { textFrame } from '../../src/lib/task-system/realtime/server/textFrame.ts';
import { until } from './helpers.ts';
import { closeServer, Feeds, listen, textOf } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

/** Both ends of a real connection: the server's as a `ClientSocket`, and what the client has received. */
async function connection() {
  const server = createServer();
  const { url } = await listen(server);
  feeds.defer(() => closeServer(server));
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const { promise, resolve } = Promise.withResolvers<{ readonly own: WebSocket; readonly socket: ClientSocket }>();
  server.on('upgrade', (request, stream, head) => {
    webSockets.handleUpgrade(request, stream, head, (own) => { resolve({ own, socket: new ClientSocket(own, stream) }); });
  });
  const peer = new WebSocket(url);
  feeds.defer(() => { peer.terminate(); });
  const received: string[] = [];
  peer.on('message', (data) => { received.push(textOf(data)); });
  await once(peer, 'open');
  return { ...await promise, peer, received };
}

/** Resolves when what was given the callback has left. */
async function left(send: (callback: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => { send(resolve); });
}

describe('ClientSocket', () => {
  it('is open until the WebSocket begins to close', async () => {
    const { own, socket, peer } = await connection();
    expect(socket.isOpen).toBe(true);
    own.close();
    expect(socket.isOpen).toBe(false);
    await once(peer, 'close');
    expect(socket.isOpen).toBe(false);
  });

  it('sends text as a message, and the bytes of a message as they are', async () => {
    const { socket, received } = await connection();
    socket.sendMessage(textFrame('bytes'));
    await left((callback) => { socket.sendText('text', callback); });
    await until(() => received.length >= 2);
    expect(received).toEqual(['bytes', 'text']);
  });

  it('calls back for either when it has left', async () => {
    const { socket } = await connection();
    await left((callback) => { socket.sendText('text', callback); });
    await left((callback) => { socket.sendMessage(textFrame('bytes'), callback); });
  });

  it('keeps messages of both kinds, and the pings between them, in order and apart, whatever their size', async () => {
    const { own, socket, peer, received } = await connection();
    const texts = Array.from({ length: 300 }, (_, index) => `${String(index)} ${'ü'.repeat([0, 60, 200, 40_000, 70_000][index % 5] ?? 0)}`);
    const all = new Promise<void>((resolve) => { peer.on('message', () => { if (received.length === texts.length) resolve(); }); });
    texts.forEach((text, index) => {
      if (index % 2 === 0) socket.sendMessage(textFrame(text));
      else socket.sendText(text, () => undefined);
      if (index % 7 === 0) own.ping();
    });
    await all;
    expect(received).toEqual(texts);
  });

  it('counts what has not left yet, of both kinds', async () => {
    const { socket, peer } = await connection();
    expect(socket.bufferedBytes).toBe(0);
    peer.pause();
    const large = textFrame('x'.repeat(1_000_000));
    while (socket.bufferedBytes === 0) socket.sendMessage(large);
    const before = socket.bufferedBytes;
    socket.sendMessage(large);
    socket.sendText('x'.repeat(1_000_000), () => undefined);
    expect(socket.bufferedBytes - before).toBeGreaterThanOrEqual(2_000_000);
  });

  it('does not die of a message on a connection that was cut', async () => {
    const { own, socket } = await connection();
    own.terminate();
    await once(own, 'close');
    expect(() => { socket.sendMessage(textFrame('late')); }).not.toThrow();
  });
});
