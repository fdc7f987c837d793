import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { parseRange } from './addresses.ts';
import { EVENT_IS_STORED, isEventType } from './Events.ts';
import { duration, flag, group, integer, isText, leaf, oneOf, text, tiedTo } from './OptionLeaves.ts';
import type { WebhookOptions } from './Options.ts';
import { isProjectName } from './ProjectName.ts';
import type { DeadLetterListOptions, ReplayTarget, RotateSecretOptions, WebhookEndpointOptions, WebhookEventType } from './Webhooks.ts';

const MAX_URL = 2_048;
const MAX_DESCRIPTION = 512;
const MAX_LIST = 1_000;

/** Schema of `WebhookOptions`. */
export const webhooksSchema = tiedTo<WebhookOptions>()(group({
  allowHttp: flag().exactOptional(),
  allowLoopback: flag().exactOptional(),
  allow: z.array(leaf<string>('a range of addresses such as "10.1.0.0/16"', isRange), { error: 'an array of ranges of addresses' }).readonly().exactOptional(),
  ca: leaf<string | readonly string[]>('certificates in PEM form', (value) => isOneOrMore(value, isCertificate)).exactOptional(),
  secrets: z.record(
    leaf<string>('a name of 1 to 128 letters, digits, ".", "_" or "-"', isName),
    leaf<string | readonly string[]>('one or more of "whsec_" and 24 to 64 bytes in base64', (value) => isOneOrMore(value, isSecret)), { error: 'an object of secrets' },
  ).exactOptional(),
  maxConcurrent: integer(1).exactOptional(),
  maxConcurrentPerEndpoint: integer(1).exactOptional(),
  attemptTimeoutMs: duration(1).exactOptional(),
}));

/** Schema of `WebhookEndpointOptions`. */
export const endpointSchema = tiedTo<WebhookEndpointOptions>()(group({
  url: leaf<string>('an https: address without user name and password', isEndpointUrl),
  id: endpointId().exactOptional(),
  events: z.array(
    leaf<WebhookEventType | '*'>('"*" or the name of a stored event, such as "task:complete"', isStoredEvent), { error: 'an array of names of events' },
  ).min(1, { error: 'at least one name of an event' }).readonly().exactOptional(),
  projects: z.array(leaf<string>('a name of a project', isProjectName), { error: 'an array of names' }).readonly().exactOptional(),
  order: oneOf('none', 'task').exactOptional(),
  secret: secret().exactOptional(),
  secretName: leaf<string>('a name in `webhooks.secrets`', isName).exactOptional(),
  description: text(MAX_DESCRIPTION).exactOptional(),
}));

/** Schema of `RotateSecretOptions`. */
export const rotateSchema = tiedTo<RotateSecretOptions>()(group({
  overlapMs: duration(0).exactOptional(),
  secret: secret().exactOptional(),
  force: flag().exactOptional(),
}));

/** Schema of `DeadLetterListOptions`. */
export const deadLetterListSchema = tiedTo<DeadLetterListOptions>()(group({
  endpointId: endpointId().exactOptional(),
  limit: integer(1, MAX_LIST).exactOptional(),
  cursor: leaf<string>('the nextCursor of a page', isText).exactOptional(),
}));

/** Schema of `ReplayTarget`. */
export const replaySchema: z.ZodType<ReplayTarget, ReplayTarget> = z.union([
  group({ id: integer(1) }),
  group({ endpointId: endpointId(), since: duration(0).exactOptional() }),
]);

/** The same test as the sender makes, for the form that is handed out. */
function isSecret(value: unknown): boolean {
  if (!isText(value) || !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(value)) return false;
  const bytes = Buffer.from(value.slice('whsec_'.length), 'base64');
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === value.slice('whsec_'.length);
}

function secret(): z.ZodType<string, string> {
  return leaf('"whsec_" and 24 to 64 bytes in base64', isSecret);
}

function endpointId(): z.ZodType<string, string> {
  return leaf('an id of 1 to 128 letters, digits, ".", "_" or "-"', isName);
}

function isName(value: unknown): boolean {
  return isText(value) && /^[\w.-]{1,128}$/.test(value);
}

function isOneOrMore(value: unknown, test: (item: unknown) => boolean): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every(test) : test(value);
}

function isCertificate(value: unknown): boolean {
  if (!isText(value)) return false;
  try {
    return new X509Certificate(value).raw.length > 0;
  } catch {
    return false;
  }
}

function isEndpointUrl(value: unknown): boolean {
  if (!isText(value) || value.length > MAX_URL || !URL.canParse(value)) return false;
  const { protocol, username, password, hostname } = new URL(value);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '' && hostname !== '';
}

function isStoredEvent(value: unknown): boolean {
  return value === '*' || (isText(value) && isEventType(value) && EVENT_IS_STORED[value]);
}

function isRange(value: unknown): boolean {
  return isText(value) && parseRange(value) !== undefined;
}
