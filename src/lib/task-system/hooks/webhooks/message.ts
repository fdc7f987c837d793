import type { TaskEvent } from '../../types/Events.ts';
import type { EndpointSettings } from '../../types/WebhookOutbox.ts';
import type { WebhookPayload, WebhookTestData } from '../../types/Webhooks.ts';
import { keyOf, signatureOf } from './secrets.ts';

/** What is sent: the same at every attempt, so that receivers know a message that comes twice. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

const MAX_BODY_BYTES = 262_144;

/** The id of the message about an event: the same for every endpoint and every attempt. */
export function messageIdOf({ epoch, offset }: Pick<TaskEvent, 'epoch' | 'offset'>): string {
  return `evt_${epoch.replaceAll('-', '')}_${String(offset)}`;
}

/** The message about an event. */
export function messageOf(event: TaskEvent): Message {
  const payload = { type: dotted(event.type), timestamp: new Date(event.time).toISOString(), data: event };
  const body = JSON.stringify(payload);
  const fits = Buffer.byteLength(body) <= MAX_BODY_BYTES;
  return { id: messageIdOf(event), body: fits ? body : JSON.stringify({ ...payload, data: { ...event, data: {} }, truncated: true }) };
}

/** A message that only says that messages arrive. */
export function testMessage(id: string, endpointId: string, time: number): Message {
  const payload: WebhookPayload<WebhookTestData> = { type: 'webhook.test', timestamp: new Date(time).toISOString(), data: { type: 'webhook:test', endpointId } };
  return { id: `test_${id}`, body: JSON.stringify(payload) };
}

/** The secrets that an endpoint signs with now: the newest, and those that were replaced a short while ago. */
export function secretsOf({ secretName, secrets }: Pick<EndpointSettings, 'secretName' | 'secrets'>, named: ReadonlyMap<string, readonly string[]>, now: number): readonly string[] {
  if (secretName !== undefined) return named.get(secretName) ?? [];
  return secrets.filter(({ until }) => until === undefined || until > now).map(({ secret }) => secret);
}

/** The headers of an attempt, signed with each of the secrets. */
export function headersOf({ id, body }: Message, secrets: readonly string[], now: number): Readonly<Record<string, string>> {
  const seconds = Math.floor(now / 1_000);
  const keys = secrets.map(keyOf).filter((key) => key !== undefined);
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'task-system-webhooks',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': keys.map((key) => signatureOf(key, id, seconds, body)).join(' '),
  };
}

function dotted(type: string): string {
  return type.replaceAll(':', '.');
}
