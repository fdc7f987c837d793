import * as z from 'zod';
import { TaskSystemError } from '../types/Errors.ts';
import type { TaskEventData } from '../types/Events.ts';
import type { JsonValue } from '../types/Json.ts';

const count = z.number().min(0);

const schema = z.strictObject({
  files: z.array(z.strictObject({
    name: z.string().max(256), as: z.enum(['instructions', 'notes']), rawBytes: count, rawTokens: count, usedTokens: count, hash: z.string().max(64),
  })).max(16),
  usedTokens: count,
  maxTokens: count,
  compaction: z.strictObject({ before: count.exactOptional(), after: count.exactOptional(), dropped: count, masked: count, ms: count }).exactOptional(),
});

/**
 * Checks what a child says of its context: it is stored, and shown to others.
 * @throws TaskSystemError `TASK_PROTOCOL` when it is something else.
 */
export function parseContextReport(params: JsonValue): TaskEventData['task:context'] {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  throw new TaskSystemError('TASK_PROTOCOL', `A report of a context that is none: ${parsed.error.issues[0]?.message ?? ''}`);
}
