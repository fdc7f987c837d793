import type { Hook, HookContext, Unsubscribe } from '../types/Hooks.ts';

/** A hook together with what it receives beside task and signal. */
export interface BoundHook {
  /** False once the hook was removed: then it is not called any more. */
  isActive(): boolean;
  call(context: HookContext): unknown;
}

interface Registration<Extra> {
  readonly hook: Hook<HookContext & Extra>;
}

/** The hooks of one kind, in order of registration. `Extra` is what they receive beside task and signal. */
export class HookList<Extra extends object = object> {
  // Replaced on every change and never changed in place, so that an event keeps the list of its own time.
  #registrations: readonly Registration<Extra>[] = [];

  /** How many hooks there are. */
  get size(): number {
    return this.#registrations.length;
  }

  /** Adds a hook; the same function may be added twice. @returns removes exactly this one; may be called again. */
  add(hook: Hook<HookContext & Extra>): Unsubscribe {
    const registration = { hook };
    this.#registrations = [...this.#registrations, registration];
    return () => { this.#registrations = this.#registrations.filter((other) => other !== registration); };
  }

  /** The hooks of this moment, ready to be called with task and signal. */
  bind(extra: Extra): readonly BoundHook[] {
    return this.#registrations.map((registration) => ({
      isActive: () => this.#registrations.includes(registration),
      call: (context) => registration.hook({ ...context, ...extra }),
    }));
  }
}
