import type { TaskEvent } from '../../types/Events.ts';
import { textFrame } from './textFrame.ts';

/** An event with its JSON, which is made once however many clients get it. */
export interface EncodedEvent {
  readonly event: TaskEvent;
  readonly json: string;
}

/** Encodes an event. */
export function encodeEvent(event: TaskEvent): EncodedEvent {
  return { event, json: JSON.stringify(event) };
}

/** The `ev` frame of some events; with `sub` for that subscription alone. */
export function eventFrame(events: readonly EncodedEvent[], sub?: string): string {
  const addressee = sub === undefined ? '' : `,"sub":${JSON.stringify(sub)}`;
  return `{"type":"ev"${addressee},"events":[${events.map(({ json }) => json).join(',')}]}`;
}

/** The events of one flush, for all clients with the same topics. */
export class Batch {
  readonly events: EncodedEvent[] = [];
  #message: Buffer | undefined;

  /** The `ev` frame as the bytes of a WebSocket message, made at the first call. No event may be added after that. */
  get message(): Buffer {
    this.#message ??= textFrame(eventFrame(this.events));
    return this.#message;
  }
}
