import * as z from 'zod';
import type { SerializedError } from './Errors.ts';
import type { JsonValue } from './Json.ts';
import { PROTOCOL_VERSION } from './Protocol.ts';

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
