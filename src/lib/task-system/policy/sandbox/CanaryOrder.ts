/** The first argument of a child process that is a canary; the second one is its {@link CanaryOrder} as JSON. */
export const CANARY_COMMAND = 'canary';

/** What a canary is told. */
export interface CanaryOrder {
  /** Its own directory, as it sees it. */
  readonly workspace: string;
  /** A file of the host that it must not read, in a folder that it must not write. */
  readonly outside: string;
  /** The host's namespaces, as /proc/self/ns names them; empty where there are none. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** Reads an order that the host wrote. */
export function readOrder(json: string): CanaryOrder | undefined {
  const order: unknown = JSON.parse(json);
  return isOrder(order) ? order : undefined;
}

function isOrder(value: unknown): value is CanaryOrder {
  return typeof value === 'object' && value !== null && 'workspace' in value && 'outside' in value && 'namespaces' in value;
}
