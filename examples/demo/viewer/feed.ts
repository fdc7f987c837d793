import { connect, type TaskEvent, type WirePosition } from 'task-system/client';

/** What a feed reports. */
export interface FeedListeners {
  readonly onEvent: (event: TaskEvent) => void;
  /** Something that a viewer should know: events are missing, or no more will come. */
  readonly onTrouble: (text: string) => void;
  /** Whether events come as they happen, or the client is trying to get (back) to the server. */
  readonly onConnection: (isLive: boolean) => void;
}

/** The live feed of all tasks. */
export interface Feed {
  /** Up to where the events have come: what a feed from another address goes on from. */
  readonly position: WirePosition | undefined;
  close(): void;
}

/** Position before the first event of whatever log the server has. */
export const BEGINNING: WirePosition = { epoch: '', offset: 0 };

/**
 * Subscribes to all tasks; resolves when nothing can be missed any more. If the server goes away, the client comes back to it and
 * asks for what it missed meanwhile.
 */
export async function openFeed(url: string, { onEvent, onTrouble, onConnection }: FeedListeners, since?: WirePosition): Promise<Feed> {
  const client = connect(url);
  client.on('state', (state, { reason }) => {
    onConnection(state !== 'connecting');
    if (state === 'reset') onTrouble(`the live feed starts afresh (${reason ?? 'unknown'}): some events were missed`);
  });
  const subscription = client.subscribe('tasks', since === undefined ? {} : { since });
  const follow = async (): Promise<void> => {
    for await (const event of subscription) onEvent(event);
  };
  follow().catch((error: unknown) => { onTrouble(error instanceof Error ? error.message : String(error)); });
  await subscription.ready;
  return {
    get position() { return subscription.position; },
    close: () => { client.close(); },
  };
}
