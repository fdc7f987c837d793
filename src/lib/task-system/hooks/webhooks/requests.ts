import { TaskSystemError } from '../../types/Errors.ts';
import { TERMINAL_EVENTS } from '../../types/Events.ts';
import { check, invalidOptions } from '../../types/OptionProblems.ts';
import type { EndpointSettings, StoredDeadLetter, StoredEndpoint } from '../../types/WebhookOutbox.ts';
import { deadLetterListSchema, endpointSchema, replaySchema, rotateSchema } from '../../types/WebhookSchemas.ts';
import type { ReplayTarget, WebhookDeadLetter, WebhookEndpoint } from '../../types/Webhooks.ts';
import { messageIdOf } from './message.ts';
import { createSecret } from './secrets.ts';

const OVERLAP_MS = 86_400_000;
const LIST_LIMIT = 50;

/** What an endpoint is checked against. */
export interface EndpointRules {
  readonly allowHttp: boolean;
  readonly secrets: ReadonlyMap<string, readonly string[]>;
  /** The settings of the endpoint that has this id already. */
  readonly find: (id: string) => EndpointSettings | undefined;
  readonly createId: () => string;
  readonly now: number;
}

/**
 * The settings of an endpoint that is added, over those of the one that has this id already.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseEndpoint(value: unknown, rules: EndpointRules): EndpointSettings {
  const checked = check(endpointSchema, value);
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  const { url, id = rules.createId(), events = TERMINAL_EVENTS, projects, order = 'none', secret, secretName, description } = checked.value;
  const problems = [
    ...(!rules.allowHttp && new URL(url).protocol === 'http:' ? [{ path: 'url', message: 'expected an https: address; http: needs the option webhooks.allowHttp' }] : []),
    ...(secretName !== undefined && secret !== undefined ? [{ path: 'secretName', message: 'expected either this or `secret`, got both' }] : []),
    ...(secretName !== undefined && !rules.secrets.has(secretName) ? [{ path: 'secretName', message: `expected a name in the option webhooks.secrets, got "${secretName}"` }] : []),
  ];
  if (problems.length > 0) throw invalidOptions('OPTIONS_INVALID', problems);
  const known = rules.find(id);
  return {
    id, url, events: [...events], order, createdAt: known?.createdAt ?? rules.now, ...keysFor(secret, secretName, known),
    ...(projects === undefined ? {} : { projects: [...projects] }),
    ...(description === undefined ? {} : { description }),
  };
}

/**
 * The settings of an endpoint after a rotation.
 * @throws TaskSystemError `OPTIONS_INVALID`, `WEBHOOK_ROTATING`.
 */
export function rotated(settings: EndpointSettings, value: unknown, now: number): EndpointSettings {
  const checked = check(rotateSchema, value ?? {});
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  if (settings.secretName !== undefined) {
    throw invalidOptions('OPTIONS_INVALID', [{ path: `webhooks.secrets.${settings.secretName}`, message: 'expected the new secret there, before the old one: this one is not stored' }]);
  }
  const { overlapMs = OVERLAP_MS, secret = createSecret(), force = false } = checked.value;
  const [current, ...older] = settings.secrets;
  const valid = older.filter(({ until }) => until !== undefined && until > now);
  if (valid.length > 0 && !force) {
    throw new TaskSystemError('WEBHOOK_ROTATING', `Endpoint "${settings.id}"`, { endpointId: settings.id, until: Math.max(...valid.map(({ until = 0 }) => until)) });
  }
  const replaced = current === undefined ? [] : [{ secret: current.secret, until: now + overlapMs }];
  return { ...settings, secrets: [{ secret }, ...replaced, ...valid] };
}

/** Which dead letters are asked for. @throws TaskSystemError `OPTIONS_INVALID`, `CURSOR_INVALID`. */
export function parseDeadLetterList(value: unknown): { readonly endpointId?: string; readonly limit: number; readonly after?: { readonly diedAt: number; readonly id: number } } {
  const checked = check(deadLetterListSchema, value ?? {});
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  const { cursor, limit = LIST_LIMIT, ...rest } = checked.value;
  return { ...rest, limit, ...(cursor === undefined ? {} : { after: readCursor(cursor) }) };
}

/** Which dead letters to send again. @throws TaskSystemError `OPTIONS_INVALID`. */
export function parseReplay(value: unknown): ReplayTarget {
  const checked = check(replaySchema, value);
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  return checked.value;
}

/** An endpoint as it is shown: without its secrets. */
export function shownEndpoint({ settings, health }: StoredEndpoint): WebhookEndpoint {
  const { secrets: _secrets, ...rest } = settings;
  return { ...rest, ...health };
}

/** A dead letter as it is shown. */
export function shownLetter(letter: StoredDeadLetter): WebhookDeadLetter {
  return { ...letter, messageId: messageIdOf(letter.event) };
}

/** A cursor names the last dead letter of its page. */
export function writeCursor({ diedAt, id }: { readonly diedAt: number; readonly id: number }): string {
  return Buffer.from(`dead:${String(diedAt)}:${String(id)}`).toString('base64url');
}

function readCursor(cursor: string): { readonly diedAt: number; readonly id: number } {
  const match = /^dead:(\d{1,16}):(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  // Decoding skips what is not base64: the text must also be the one that was given out.
  if (match === null || Buffer.from(match[0]).toString('base64url') !== cursor) throw new TaskSystemError('CURSOR_INVALID', `The cursor is "${cursor.slice(0, 100)}"`);
  return { diedAt: Number(match[1]), id: Number(match[2]) };
}

/** What an endpoint signs with: what was said now, else what it had, else something new. */
function keysFor(secret: string | undefined, secretName: string | undefined, known: EndpointSettings | undefined): Pick<EndpointSettings, 'secrets' | 'secretName'> {
  if (secretName !== undefined) return { secretName, secrets: [] };
  if (secret !== undefined) return { secrets: [{ secret }] };
  if (known === undefined) return { secrets: [{ secret: createSecret() }] };
  return { secrets: known.secrets, ...(known.secretName === undefined ? {} : { secretName: known.secretName }) };
}
