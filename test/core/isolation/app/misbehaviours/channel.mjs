import { spawnSync } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { stopped } from '../attempt.mjs';

const CHANNEL = 3;
const MIB = 1_048_576;
const never = () => new Promise(() => undefined);

/** Node can only send a file to another Node. */
const SEND_FILES = `
import socket
channel = socket.socket(fileno=3)
for _ in range(200): socket.send_fds(channel, [b"\\xff"], [0, 0, 0])
channel.detach()
`;

/** What goes wrong on the channel to the host. */
export const channelMisbehaviours = {
  // A frame that is announced as large as may be, and never comes to an end.
  'a frame without end': () => {
    write(header(2 * MIB + 200_000));
    write(Buffer.alloc(2 * MIB, 'x'));
    return never();
  },
  'a message of 200 MB': () => {
    write(header(200 * MIB));
    for (let sent = 0; sent < 200; sent++) write(Buffer.alloc(MIB, 'x'));
    return never();
  },
  'names that objects inherit': () => {
    write(frame('{"type":"log","level":"info","text":"x","data":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toJSON":1}}'));
    return 'COMPLETED';
  },
  'two results': () => {
    write(frame('{"type":"result","json":"\\"FIRST\\""}'));
    write(frame('{"type":"result","json":"\\"SECOND\\""}'));
    return 'THIRD';
  },
  'a result for another task': () => {
    write(frame(JSON.stringify({ type: 'result', taskId: 'another', json: '"FORGED"' })));
    return never();
  },
  'no channel': () => {
    closeSync(CHANNEL);
    return never();
  },
  'no channel any more': () => {
    // The process waits for its host by now.
    setTimeout(() => { closeSync(CHANNEL); }, 20);
    return never();
  },
  'open files over the channel': () => {
    const { error, status } = spawnSync('/usr/bin/python3', ['-c', SEND_FILES], { stdio: ['ignore', 'ignore', 'ignore', CHANNEL] });
    if (error) throw error;
    if (status !== 0) throw stopped('REFUSED');
    return never();
  },
  silence: () => never(),
};

function frame(text) {
  const body = Buffer.from(text);
  return Buffer.concat([header(body.length), body]);
}

function header(length) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length, 0);
  return bytes;
}

/** The channel does not block: what does not fit is tried again. */
function write(bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(CHANNEL, bytes, at);
    } catch (error) {
      if (error.code === 'EPIPE') return;
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
