import type { CommandFrame, CommandName, CommandReplies, DoneFrame, ServerFrame } from '../../types/Wire.ts';
import { FeedError } from './FeedError.ts';

/** Omit, for each member of a union by itself. */
type WithoutId<Frame> = Frame extends CommandFrame ? Omit<Frame, 'id'> : never;

/** A command that has no id yet. */
export type Command = WithoutId<CommandFrame>;

interface Call {
  readonly frame: CommandFrame;
  readonly resolve: (frame: DoneFrame) => void;
  readonly reject: (error: FeedError) => void;
  isSent: boolean;
}

/**
 * The commands that wait for their answers. One that is asked while there is no connection is sent when there is one, and what was
 * sent when the connection broke is sent again, where doing it twice is the same as doing it once.
 */
export class Calls {
  readonly #pending = new Map<string, Call>();
  readonly #send: (frame: CommandFrame) => boolean;
  #lastId = 0;

  /** @param send false when there is no connection now. */
  constructor(send: (frame: CommandFrame) => boolean) {
    this.#send = send;
  }

  /** Sends a command; resolves with what it answers. */
  async ask<Name extends CommandName>(name: Name, command: Command & { readonly type: Name }): Promise<CommandReplies[Name]> {
    this.#lastId += 1;
    const id = `c${String(this.#lastId)}`;
    const { promise, resolve, reject } = Promise.withResolvers<DoneFrame>();
    const frame = { ...command, id };
    const call: Call = { frame, resolve, reject, isSent: this.#send(frame) };
    this.#pending.set(id, call);
    const done = await promise;
    if (isAnswerTo(done, name)) return done.value;
    throw new FeedError('FEED_REFUSED', 'The server answered another command.', { reason: 'protocol' });
  }

  /** There is a connection: everything is sent that has no answer. */
  resume(): void {
    for (const call of this.#pending.values()) call.isSent = this.#send(call.frame);
  }

  /** The connection is gone. A `retry` that was sent may have made its task, and another one would make another. */
  suspend(): void {
    for (const [id, { frame, isSent, reject }] of this.#pending) {
      if (frame.type !== 'retry' || !isSent) continue;
      this.#pending.delete(id);
      reject(new FeedError('FEED_DISCONNECTED', 'The connection was lost before the answer to a retry.', { taskId: frame.taskId }));
    }
  }

  /** Takes an answer. False when it is not for a command. */
  take(frame: Extract<ServerFrame, { readonly type: 'done' | 'err' }>): boolean {
    const call = this.#pending.get(frame.ref ?? '');
    if (call === undefined) return false;
    this.#pending.delete(call.frame.id);
    if (frame.type === 'done') call.resolve(frame);
    else call.reject(errorOf(frame));
    return true;
  }

  /** No answers will come any more. */
  end(error: FeedError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** The error for a frame that was refused. */
export function errorOf({ code, message, error }: Extract<ServerFrame, { readonly type: 'err' }>): FeedError {
  if (error !== undefined) return FeedError.of(error);
  if (code === 'forbidden') return new FeedError('FEED_FORBIDDEN', message);
  return new FeedError(code === 'topic' ? 'OPTIONS_INVALID' : 'FEED_REFUSED', message, { reason: code });
}

function isAnswerTo<Name extends CommandName>(frame: DoneFrame, name: Name): frame is DoneFrame & { readonly value: CommandReplies[Name] } {
  return frame.command === name;
}
