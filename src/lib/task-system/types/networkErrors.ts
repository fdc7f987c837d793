import type { ErrorEntry } from './ErrorEntry.ts';

/** Codes of connections that tasks and webhooks want to make. */
export const networkErrors = {
  ADDRESS_REFUSED: {
    summary: 'The address leads where requests from here must not go.',
    cause: 'The name resolves to, or is, an address of this machine, of a private network, of a cloud\'s metadata service or the like.',
    fix: 'Use a public address, or allow the range in so many words (`allowLoopback`, `allow`).',
    retryable: false,
  },
  NETWORK_DENIED: {
    summary: 'The task may not reach this host.',
    cause: 'The policy of its type, or of an ancestor, does not name the host in `network.hosts`; or the host is not written as a plain name in lower case with a port.',
    fix: 'Add the host to `policy.network.hosts` of the task type, such as "example.com", "*.example.com" or "example.com:8443".',
    retryable: false,
  },
  NETWORK_BUSY: {
    summary: 'The task has as many connections open as it may have.',
    cause: 'Responses that are not read to their end, or more requests at once than `network.maxConnections` (default 64).',
    fix: 'Read or cancel the bodies of responses, make fewer requests at once, or raise `network.maxConnections`.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;
