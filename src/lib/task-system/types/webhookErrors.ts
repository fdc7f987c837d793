import type { ErrorEntry } from './ErrorEntry.ts';

/** The part of the catalogue that webhooks need. */
export const webhookErrors = {
  WEBHOOK_NOT_FOUND: {
    summary: 'There is no such webhook endpoint, or no such dead letter.',
    cause: 'The id is wrong, or the endpoint was removed; dead letters also go by `storage.retention`.',
    fix: 'Look at `tasks.webhooks.list()` or `tasks.webhooks.deadLetters()`.',
    retryable: false,
  },
  WEBHOOK_DISABLED: {
    summary: 'The webhook endpoint is disabled.',
    cause: 'It answered 410, failed for five days, or was disabled by hand.',
    fix: 'Call `tasks.webhooks.enable(id)` first.',
    retryable: false,
  },
  WEBHOOK_ROTATING: {
    summary: 'The secret of the webhook endpoint was replaced a short while ago.',
    cause: 'The overlap of the last rotation is not over: one more would end it early for receivers that have not changed over.',
    fix: 'Wait for the end of the overlap, or pass `force: true`.',
    retryable: true,
  },
  WEBHOOK_UNVERIFIED: {
    summary: 'The request is not a webhook message that was signed with this secret.',
    cause: 'Somebody else sent it, it is old, the secret is another one, or the body was changed on its way (parsed and written again, for example).',
    fix: 'Refuse the request with a status in the 400s. Pass the body as it came, byte for byte.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
