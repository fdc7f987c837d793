import { TaskSystemError } from '../../types/Errors.ts';
import type { EndpointSettings, StoredEndpoint, WebhookOutbox } from '../../types/WebhookOutbox.ts';
import type { WebhookHealth } from '../../types/Webhooks.ts';

/** The endpoints of one system: in memory, with the store behind it. */
export class EndpointBook {
  readonly #outbox: WebhookOutbox;
  #endpoints = new Map<string, StoredEndpoint>();

  constructor(outbox: WebhookOutbox) {
    this.#outbox = outbox;
  }

  /** Reads what is stored. */
  async open(): Promise<void> {
    this.#endpoints = new Map((await this.#outbox.endpoints()).map((endpoint) => [endpoint.settings.id, endpoint]));
  }

  /** All endpoints, oldest first. */
  all(): Iterable<StoredEndpoint> {
    return this.#endpoints.values();
  }

  get(endpointId: string): StoredEndpoint | undefined {
    return this.#endpoints.get(endpointId);
  }

  /** @throws TaskSystemError `WEBHOOK_NOT_FOUND`. */
  demand(endpointId: string): StoredEndpoint {
    const endpoint = this.#endpoints.get(endpointId);
    if (endpoint === undefined) throw new TaskSystemError('WEBHOOK_NOT_FOUND', `Endpoint "${endpointId}"`, { endpointId });
    return endpoint;
  }

  /** Stores an endpoint, or the settings of one that exists. */
  async put(settings: EndpointSettings): Promise<StoredEndpoint> {
    await this.#outbox.putEndpoint({ settings, health: { state: 'active', failures: 0 } });
    // How it does may have changed meanwhile.
    const endpoint: StoredEndpoint = { settings, health: this.#endpoints.get(settings.id)?.health ?? { state: 'active', failures: 0 } };
    this.#endpoints.set(settings.id, endpoint);
    return endpoint;
  }

  async remove(endpointId: string): Promise<boolean> {
    const existed = await this.#outbox.removeEndpoint(endpointId);
    this.#endpoints.delete(endpointId);
    return existed;
  }

  /** Takes note of how an endpoint does; it is stored with the outcome that it follows from. */
  note(endpointId: string, health: WebhookHealth): void {
    const endpoint = this.#endpoints.get(endpointId);
    if (endpoint !== undefined) this.#endpoints.set(endpointId, { ...endpoint, health });
  }

  /** Stores how an endpoint does; disabled, what waits for it is given up. Resolves with how many messages that were. */
  async setHealth(endpointId: string, health: WebhookHealth, now: number): Promise<number> {
    // Noted first: nothing more is sent to an endpoint that is being disabled.
    this.note(endpointId, health);
    return this.#outbox.setHealth(endpointId, health, ...(health.state === 'disabled' ? [{ time: now }] : []));
  }
}
