import * as z from 'zod';
import { greetingSchema, hostSettingsSchema } from './host.ts';
import { outcomeSchema } from './outcome.ts';

/** What the demo tells a host that runs in its own process. */
export const hostCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), settings: hostSettingsSchema }),
  z.object({ type: z.literal('perform') }),
  z.object({ type: z.literal('close') }),
]);

/** What such a host answers. */
export const hostReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), greeting: greetingSchema }),
  z.object({ type: z.literal('done'), outcome: outcomeSchema }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);

/** See {@link hostCommandSchema}. */
export type HostCommand = z.infer<typeof hostCommandSchema>;

/** See {@link hostReplySchema}. */
export type HostReply = z.infer<typeof hostReplySchema>;
