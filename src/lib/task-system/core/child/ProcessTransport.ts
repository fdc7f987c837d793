import { Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '../../types/Frames.ts';
import type { ParentMessage } from '../../types/Protocol.ts';
import type { ChildMessage } from '../../types/ProtocolSchema.ts';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** The child's end of the channel. */
export interface Transport {
  send(message: ChildMessage): void;
  /** Calls `onMessage` for each message of the host and `onGone` once when the host is gone. */
  listen(onMessage: (message: ParentMessage) => void, onGone: () => void): void;
}

/** Opens the framed channel on an inherited socket. The host is trusted: its messages are not checked again. */
export function openTransport(fd: number): Transport {
  const socket = new Socket({ fd, readable: true, writable: true });
  return {
    send(message) { socket.write(encodeFrame(message)); },
    listen(onMessage, onGone) {
      const decoder = new FrameDecoder(MAX_FRAME_BYTES);
      socket.on('data', (chunk: Buffer) => {
        for (const message of decoder.push(chunk)) if (isParentMessage(message)) onMessage(message);
      });
      // Without the host nobody will ever read a result: end, close and error all mean the same.
      socket.once('error', onGone).once('end', onGone).once('close', onGone);
    },
  };
}

function isParentMessage(value: unknown): value is ParentMessage {
  return typeof value === 'object' && value !== null && 'type' in value;
}
