import type { ChatMessage } from './Chat.ts';

/** A way to make a conversation smaller. */
export interface Method {
  readonly name: string;
  /** Undefined when it refuses to. @param budget in tokens, the system's messages included. */
  readonly shrink: (messages: readonly ChatMessage[], budget: number) => Promise<readonly ChatMessage[] | undefined>;
}
