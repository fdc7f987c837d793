import type { EventEnvelope, TaskEvent } from 'task-system';
import type { EventDraft } from '../../../../src/lib/task-system/types/Events.ts';

/** Makes the events of one log, in order: a stored one advances the offset, the others carry a number of their own. */
export function eventLog(): (taskId: string, draft: EventDraft, rest?: Partial<EventEnvelope>) => TaskEvent {
  let offset = 0;
  let seq = 0;
  let time = 1_000;
  return (taskId, draft, rest = {}) => {
    const isStored = draft.type !== 'task:progress' && draft.type !== 'task:log' && draft.type !== 'task:usage';
    if (isStored) offset += 1;
    else seq += 1;
    time += 10;
    const envelope = { epoch: 'e', offset, time, taskId, project: 'shop', taskType: 'scan', rootId: taskId, attempt: 1, ...(isStored ? {} : { seq }), ...rest };
    return { ...draft, ...envelope };
  };
}
