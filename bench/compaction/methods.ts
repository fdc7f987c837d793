import { compact } from 'task-system/task';
import { limiters, prunes } from './aiSdk.ts';
import { readChat } from './Chat.ts';
import { clears, trims } from './langChain.ts';
import type { Method } from './Method.ts';

/** Ours, with no option but the budget. */
export const ours: Method = {
  name: 'task-system',
  async shrink(messages, maxTokens) {
    return readChat((await compact(messages, { maxTokens })).messages);
  },
};

/** What others do without a model. */
export const peers: readonly Method[] = [...trims, clears, ...prunes, ...limiters];
