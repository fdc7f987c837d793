import type { ClaimDeliveries, ClaimedDelivery, DeliveryReport, EndpointDue, EndpointSettings, StoredEndpoint } from '../../src/lib/task-system/types/WebhookOutbox.ts';
import type { TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import type { WebhookHealth } from '../../src/lib/task-system/types/Webhooks.ts';

/** An endpoint that is fine. */
export const ACTIVE: WebhookHealth = { state: 'active', failures: 0 };

/** An endpoint that gets nothing. */
export const DISABLED: WebhookHealth = { state: 'disabled', disabledReason: 'manual', disabledAt: 1, failures: 0 };

/** An endpoint that wants everything. */
export function endpoint(id: string, rest: Partial<EndpointSettings> = {}, health: WebhookHealth = ACTIVE): StoredEndpoint {
  return { settings: { id, url: `https://${id}.test/`, events: ['*'], order: 'none', createdAt: 1, secrets: [{ secret: 'whsec_x' }], ...rest }, health };
}

/** Stores endpoints, one after the other. */
export async function put(store: TaskStore, ...endpoints: readonly StoredEndpoint[]): Promise<void> {
  for (const each of endpoints) await store.outbox.putEndpoint(each);
}

/** Claims messages of one endpoint: by default all that are due, at 2,500, under the lease `lease`. */
export async function take(store: TaskStore, endpointId: string, { limit = 100, ...order }: Partial<Omit<ClaimDeliveries, 'wanted'>> & { readonly limit?: number } = {}): Promise<readonly ClaimedDelivery[]> {
  const { deliveries } = await store.outbox.claim({ lease: 'lease', time: 2_500, until: 1e12, wanted: [{ endpointId, limit }], ...order });
  return deliveries;
}

/** Claims one message, which must be there. */
export async function claimed(store: TaskStore, endpointId: string, order: Parameters<typeof take>[2] = {}): Promise<ClaimedDelivery> {
  const [first] = await take(store, endpointId, order);
  if (first === undefined) throw new Error(`nothing is due for ${endpointId}`);
  return first;
}

/** Reports, at 3,000 unless told otherwise. */
export function reportOf(store: TaskStore, delivery: ClaimedDelivery | undefined, rest: Partial<DeliveryReport> & Pick<DeliveryReport, 'outcome'>, lease = 'lease'): Promise<readonly EndpointDue[] | undefined> {
  return store.outbox.report({ id: delivery?.id ?? 0, endpointId: delivery?.endpointId ?? '', lease, time: 3_000, ...rest });
}

/** The tasks that messages are about. */
export function idsOf(deliveries: readonly ClaimedDelivery[]): readonly string[] {
  return deliveries.map(({ event }) => event.taskId);
}
