import * as z from 'zod';
import type { SerializedError } from './Errors.ts';
import { isBoundedJson, MAX_JSON_DEPTH, type JsonObject, type JsonValue } from './Json.ts';
import { isRecord } from './OptionLeaves.ts';
import { HOST_METHODS, PROTOCOL_VERSION } from './Protocol.ts';

const MAX_WEIGHT = 65_536;

// What comes out of JSON.parse is JSON; left to check is that nobody who walks it later runs out of stack or time. A schema that
// walks it would: zod's own takes half a second for 500 KB.
const json = z.custom<JsonValue>((value) => isBoundedJson(value), { error: `nested deeper than ${String(MAX_JSON_DEPTH)} levels` });
const smallJson = z.custom<JsonValue>((value) => isBoundedJson(value, MAX_WEIGHT), { error: 'too large or too deep' });
const text = z.string().max(65_536);

const serializedError: z.ZodType<SerializedError> = z.lazy(() => z.object({
  name: text,
  message: text,
  code: text.exactOptional(),
  stack: text.exactOptional(),
  details: z.custom<JsonObject>((value) => isRecord(value) && isBoundedJson(value, MAX_WEIGHT)).exactOptional(),
  retryable: z.boolean().exactOptional(),
  cause: serializedError.exactOptional(),
}));

/** Every message a child may send; anything else ends its task with `TASK_PROTOCOL`. */
export const childMessageSchema = z.discriminatedUnion('type', [
  /** The process is up and waits for work. */
  z.strictObject({ type: z.literal('ready'), version: z.literal(PROTOCOL_VERSION) }),
  z.strictObject({ type: z.literal('progress'), percent: z.number().min(0).max(100), message: z.string().max(4_096).exactOptional(), data: smallJson.exactOptional() }),
  z.strictObject({ type: z.literal('log'), level: z.enum(['debug', 'info', 'warn', 'error']), text, data: smallJson.exactOptional() }),
  /** Asks the host to do something and waits for the `reply` with the same id. */
  z.strictObject({ type: z.literal('call'), id: z.int().min(0), method: z.enum(HOST_METHODS), params: json }),
  /** The handler returned. `json` is JSON text, so that the host need not parse what it only stores. `joins`: it also has a `join`, for when its children have ended. */
  z.strictObject({ type: z.literal('result'), json: z.string(), joins: z.literal(true).exactOptional() }),
  /** The handler threw, or could not be loaded. */
  z.strictObject({ type: z.literal('failure'), error: serializedError }),
]);

/** What the child tells the host. */
export type ChildMessage = z.infer<typeof childMessageSchema>;
