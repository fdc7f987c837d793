import * as z from 'zod';
import type { SerializedError } from './Errors.ts';
import type { JsonValue } from './Json.ts';
import type { Task } from './Task.ts';

/** Version of the messages between host and child; both ends come from one build, so it only guards against mixed files. */
export const PROTOCOL_VERSION = 1;

/** The descriptor of the channel in the child. */
export const CHANNEL_FD = 3;

/** Why an attempt is being stopped, as the child is told. */
export type AbortCause = 'cancelled' | 'timeout' | 'shutdown' | 'limit';

/** What the host tells the child. */
export type ParentMessage =
  | { readonly type: 'start'; readonly version: number; readonly task: StartedTask; readonly moduleUrl: string; readonly workspace: string; readonly resultBytes: number }
  | { readonly type: 'abort'; readonly cause: AbortCause; readonly reason: string }
  /** The answer to a `call`. */
  | { readonly type: 'reply'; readonly id: number; readonly value: JsonValue }
  | { readonly type: 'reply'; readonly id: number; readonly error: SerializedError }
  /** The result is recorded: the child may go. */
  | { readonly type: 'ack' };

/** The task as the child knows it. */
export type StartedTask = Pick<Task, 'id' | 'type' | 'project' | 'input' | 'attempt' | 'maxAttempts' | 'metadata' | 'rootId'> & { readonly parentId?: string };

const json: z.ZodType<JsonValue> = z.json();
const text = z.string().max(65_536);

const serializedError: z.ZodType<SerializedError> = z.lazy(() => z.object({
  name: text,
  message: text,
  code: z.string().max(16_384).exactOptional(),
  stack: text.exactOptional(),
  details: z.record(z.string(), json).exactOptional(),
  retryable: z.boolean().exactOptional(),
  cause: serializedError.exactOptional(),
}));

/** Every message a child may send; anything else ends its task with `TASK_PROTOCOL`. */
export const childMessageSchema = z.discriminatedUnion('type', [
  /** The process is up and waits for work. */
  z.strictObject({ type: z.literal('ready'), version: z.literal(PROTOCOL_VERSION) }),
  z.strictObject({ type: z.literal('progress'), percent: z.number().min(0).max(100), message: z.string().max(4_096).exactOptional(), data: json.exactOptional() }),
  z.strictObject({ type: z.literal('log'), level: z.enum(['debug', 'info', 'warn', 'error']), text, data: json.exactOptional() }),
  /** Asks the host to do something and waits for the `reply` with the same id. */
  z.strictObject({ type: z.literal('call'), id: z.int().min(0), method: z.enum(['spawn']), params: json }),
  /** The handler returned. `result` is JSON text, so that the host need not parse what it only stores. */
  z.strictObject({ type: z.literal('result'), json: z.string() }),
  /** The handler threw, or could not be loaded. */
  z.strictObject({ type: z.literal('failure'), error: serializedError }),
]);

/** What the child tells the host. */
export type ChildMessage = z.infer<typeof childMessageSchema>;
