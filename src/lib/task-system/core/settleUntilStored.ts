import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { TreeCommitted } from '../types/FamilyStore.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import type { Settlement, TaskStore } from '../types/TaskStore.ts';

const MIN_WAIT_MS = 250;
const MAX_WAIT_MS = 30_000;

/** What writing an outcome needs. */
export interface SettlePorts {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the system closes: then one try is all there is. */
  readonly stopping: AbortSignal;
}

/**
 * Writes an outcome. While the store cannot take it (a full disk), it is held and tried again: an outcome is never dropped.
 * When the system closes meanwhile, the task stays `running` in the store and counts as interrupted at the next start.
 * @returns undefined when the task is not this host's any more, or when the system closed first.
 */
export async function settleUntilStored(settlement: Settlement, ports: SettlePorts): Promise<TreeCommitted | undefined> {
  const { store, logger, stopping } = ports;
  for (let waitMs = MIN_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      const committed = await store.settle(settlement);
      if (committed === undefined) logger.warn(`task ${settlement.taskId} was taken over by somebody else; its outcome here does not count`);
      return committed;
    } catch (error) {
      logger.error(`the outcome of task ${settlement.taskId} could not be stored; trying again`, { error: serializeError(error), waitMs });
      if (stopping.aborted || !TaskSystemError.isInstance(error) || !error.retryable) return undefined;
    }
    await pause(waitMs, ports);
  }
}

async function pause(waitMs: number, { clock, stopping }: SettlePorts): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimer(waitMs, () => { resolve(undefined); }, true);
  const wake = (): void => { timer.cancel(); resolve(undefined); };
  stopping.addEventListener('abort', wake, { once: true });
  await promise;
  stopping.removeEventListener('abort', wake);
}
