import { serializeError } from '../../types/Errors.ts';
import type { Logger } from '../../types/Ports.ts';
import type { WebhookEventMap } from '../../types/Webhooks.ts';

type Listeners = { readonly [Type in keyof WebhookEventMap]: Set<(event: WebhookEventMap[Type]) => unknown> };

/** Who listens to what happens to deliveries. What a listener throws is logged, and stops nothing. */
export class WebhookListeners {
  readonly #logger: Logger;
  readonly #listeners: Listeners = { 'webhook:delivered': new Set(), 'webhook:failed': new Set(), 'webhook:disabled': new Set() };

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds a listener; the same function may be added twice. @returns removes exactly this one. */
  on<Type extends keyof WebhookEventMap>(type: Type, listener: (event: WebhookEventMap[Type]) => unknown): () => void {
    const listeners: Set<(event: WebhookEventMap[Type]) => unknown> = this.#listeners[type];
    const registered = (event: WebhookEventMap[Type]): unknown => listener(event);
    listeners.add(registered);
    return () => { listeners.delete(registered); };
  }

  /** Calls every listener of this moment. */
  emit<Type extends keyof WebhookEventMap>(type: Type, event: WebhookEventMap[Type]): void {
    const listeners: Set<(event: WebhookEventMap[Type]) => unknown> = this.#listeners[type];
    for (const listener of [...listeners]) void this.#call(type, () => listener(event));
  }

  async #call(type: string, call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#logger.error(`A listener of "${type}" failed.`, { error: serializeError(error) });
    }
  }
}
