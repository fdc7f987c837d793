import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batch, encodeEvent } from '../../src/lib/task-system/realtime/server/Batch.ts';
import { Outbox, type OutboxSocket } from '../../src/lib/task-system/realtime/server/Outbox.ts';
import type { TaskEvent, TaskEventOf } from '../../src/lib/task-system/types/Events.ts';
import { completeEvent, progressEvent, startEvent } from './helpers.ts';

/** A socket that writes when it is told to. */
class SlowSocket implements OutboxSocket {
  isOpen = true;
  bufferedBytes = 0;
  readonly sent: string[] = [];
  readonly #callbacks: (() => void)[] = [];

  /** How many of what was sent will be told when it has left. */
  get calledBack(): number {
    return this.#callbacks.length;
  }

  sendText(text: string, callback: () => void): void {
    this.sent.push(text);
    this.#callbacks.push(callback);
  }

  sendMessage(message: Buffer, callback?: () => void): void {
    this.sent.push(payloadOf(message));
    if (callback !== undefined) this.#callbacks.push(callback);
  }

  /** Everything has left; so much is still buffered. */
  written(bufferedBytes = 0): void {
    this.bufferedBytes = bufferedBytes;
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  /** The events sent so far, as `type task percent`. */
  get events(): readonly string[] {
    return this.sent.flatMap((text) => {
      const frame: { readonly events: readonly TaskEvent[] } = JSON.parse(text);
      return frame.events.map((event) => [event.type, event.taskId, ...(event.type === 'task:progress' ? [event.data.percent] : [])].join(' '));
    });
  }
}

/** A socket whose bytes leave in order, as many as it is told; who asked is called back when the last of a message has left. */
class FillingSocket implements OutboxSocket {
  readonly isOpen = true;
  readonly newest = new Map<string, number>();
  readonly #waiting: { bytes: number; readonly callback: (() => void) | undefined }[] = [];

  get bufferedBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  sendText(text: string, callback: () => void): void {
    this.#take(text, text.length, callback);
  }

  sendMessage(message: Buffer, callback?: () => void): void {
    this.#take(payloadOf(message), message.length, callback);
  }

  leave(bytes: number): void {
    let rest = bytes;
    for (let first = this.#waiting[0]; first !== undefined && rest > 0; [first] = this.#waiting) {
      const left = Math.min(rest, first.bytes);
      rest -= left;
      first.bytes -= left;
      if (first.bytes > 0) return;
      this.#waiting.shift();
      first.callback?.();
    }
  }

  #take(text: string, bytes: number, callback: (() => void) | undefined): void {
    const frame: { readonly events: readonly TaskEvent[] } = JSON.parse(text);
    for (const event of frame.events) if (event.type === 'task:progress') this.newest.set(event.taskId, event.data.percent);
    this.#waiting.push({ bytes, callback });
  }
}

/** The text of a message of fewer than 64 Ki bytes. */
function payloadOf(message: Buffer): string {
  return message.subarray(message[1] === 126 ? 4 : 2).toString();
}

function setup(softBytes = 100) {
  const socket = new SlowSocket();
  const overflows: number[] = [];
  const outbox = new Outbox(socket, { softBytes, hardBytes: 10 * softBytes }, () => { overflows.push(socket.bufferedBytes); });
  return { socket, outbox, overflows };
}

function batchOf(...events: readonly TaskEvent[]): Batch {
  const batch = new Batch();
  batch.events.push(...events.map(encodeEvent));
  return batch;
}

function usageEvent(taskId = 'task-1'): TaskEventOf<'task:usage'> {
  return { ...startEvent(1, taskId), type: 'task:usage', data: { cpuMs: 1, memoryBytes: 1, processes: 1 } };
}

function logEvent(): TaskEventOf<'task:log'> {
  return { ...startEvent(1), type: 'task:log', data: { stream: 'log', level: 'info', text: 'line' } };
}

describe('Outbox.deliver', () => {
  it('sends the bytes of the batch as they are while the client keeps up', () => {
    const { socket, outbox } = setup();
    const batch = batchOf(startEvent(1), progressEvent(1, 10));
    outbox.deliver(batch);
    expect(socket.sent).toEqual([payloadOf(batch.message)]);
  });

  it('asks for no call back from a client that keeps up', () => {
    const { socket, outbox } = setup(10_000);
    for (let offset = 1; offset <= 20; offset += 1) outbox.deliver(batchOf(startEvent(offset)));
    expect([socket.sent.length, socket.calledBack]).toEqual([20, 0]);
  });

  it.each([
    ['something waits already', 1, 1],
    ['the message alone is above the soft limit', 0, 100],
  ])('asks for a call back when %s', (_, bufferedBytes, tasks) => {
    const { socket, outbox } = setup(10_000);
    socket.bufferedBytes = bufferedBytes;
    outbox.deliver(batchOf(...Array.from({ length: tasks }, (__, index) => startEvent(index))));
    expect(socket.calledBack).toBe(1);
  });

  it('forgets nothing that is held, however the client reads: the newest progress of each task comes in the end', () => {
    fc.assert(fc.property(fc.array(fc.record({ percent: fc.nat(100), task: fc.constantFrom('a', 'b'), padding: fc.nat(300), left: fc.nat(1_200) }), { minLength: 1, maxLength: 40 }), (steps) => {
      const stream = new FillingSocket();
      const outbox = new Outbox(stream, { softBytes: 1_000, hardBytes: Number.POSITIVE_INFINITY }, () => undefined);
      const newest = new Map<string, number>();
      for (const { percent, task, padding, left } of steps) {
        newest.set(task, percent);
        outbox.deliver(batchOf({ ...progressEvent(1, percent, task), taskType: 'x'.repeat(padding) }));
        stream.leave(left);
      }
      stream.leave(Number.POSITIVE_INFINITY);
      expect(stream.newest).toEqual(newest);
    }));
  });

  it('sends only stored events while more than the soft limit is buffered', () => {
    const { socket, outbox } = setup();
    socket.bufferedBytes = 101;
    outbox.deliver(batchOf(startEvent(1), progressEvent(1, 10), logEvent(), usageEvent()));
    expect(socket.events).toEqual(['task:start task-1']);
  });

  it('sends the newest progress and usage of each task once the buffer is written', () => {
    const { socket, outbox } = setup();
    outbox.deliver(batchOf(startEvent(1)));
    socket.bufferedBytes = 101;
    for (let percent = 1; percent <= 50; percent += 1) outbox.deliver(batchOf(progressEvent(1, percent, 'a'), progressEvent(1, percent + 1, 'b'), usageEvent('a'), logEvent()));
    expect(socket.sent).toHaveLength(1);
    socket.written();
    expect(socket.events).toEqual(['task:start task-1', 'task:progress a 50', 'task:progress b 51', 'task:usage a']);
  });

  it('waits on while the buffer is still above the soft limit', () => {
    const { socket, outbox } = setup();
    outbox.deliver(batchOf(startEvent(1)));
    socket.bufferedBytes = 500;
    outbox.deliver(batchOf(progressEvent(1, 10)));
    socket.written(200);
    expect(socket.sent).toHaveLength(1);
  });

  it('sends no progress from before a stored event after it', () => {
    const { socket, outbox } = setup();
    outbox.deliver(batchOf(startEvent(1)));
    socket.bufferedBytes = 101;
    outbox.deliver(batchOf(progressEvent(1, 90), usageEvent(), progressEvent(1, 5, 'other')));
    outbox.deliver(batchOf(completeEvent(2)));
    socket.written();
    expect(socket.events).toEqual(['task:start task-1', 'task:complete task-1', 'task:progress other 5']);
  });

  it('sends what was held together with the next events once the client keeps up again', () => {
    const { socket, outbox } = setup();
    socket.bufferedBytes = 101;
    outbox.deliver(batchOf(progressEvent(1, 10)));
    socket.bufferedBytes = 0;
    outbox.deliver(batchOf(progressEvent(1, 20), startEvent(2, 'other')));
    expect(socket.events).toEqual(['task:start other', 'task:progress task-1 20']);
    outbox.deliver(batchOf(progressEvent(1, 30)));
    expect(socket.events.at(-1)).toBe('task:progress task-1 30');
  });

  it('asks for the connection to be cut above the hard limit, and sends nothing', () => {
    const { socket, outbox, overflows } = setup();
    socket.bufferedBytes = 1_001;
    outbox.deliver(batchOf(startEvent(1)));
    expect(overflows).toHaveLength(1);
    expect(socket.sent).toEqual([]);
  });

  it('counts answers too: who asks and never reads is cut off', () => {
    const { socket, outbox, overflows } = setup();
    socket.bufferedBytes = 1_001;
    outbox.send({ type: 'pong' });
    expect([overflows.length, socket.sent.length]).toEqual([1, 0]);
  });

  it('sends nothing on a connection that is closing', () => {
    const { socket, outbox, overflows } = setup();
    socket.isOpen = false;
    outbox.deliver(batchOf(startEvent(1)));
    expect(overflows).toEqual([]);
    outbox.send({ type: 'pong' });
    expect(socket.sent).toEqual([]);
  });
});

describe('Outbox.sendPaced', () => {
  it('resolves when the text has left', async () => {
    const { socket, outbox } = setup();
    let isDone = false;
    const done = outbox.sendPaced('text').then(() => { isDone = true; });
    await Promise.resolve();
    expect([socket.sent, isDone]).toEqual([['text'], false]);
    socket.written();
    await done;
  });

  it('resolves at once on a connection that is closing', async () => {
    const { socket, outbox } = setup();
    socket.isOpen = false;
    await outbox.sendPaced('text');
    expect(socket.sent).toEqual([]);
  });
});
