import { join } from 'node:path';
import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import type { Logger } from '../../types/Ports.ts';
import { helperPath } from './helperPath.ts';
import { HelperProcess } from './HelperProcess.ts';
import type { Launched, Launcher } from './Launcher.ts';

/**
 * Lets a small process of its own start processes. Whoever starts a process waits until the kernel has copied its page tables and
 * the new program has got a processor and was loaded, and afterwards pays for every page that it writes: the more, the larger it
 * is. The host is large and must not wait; the helper is small and has nothing else to do. The host talks to the processes by
 * connections that the helper made ahead of need and passes on. A helper that has used much of the processor time that it may is
 * replaced by another one.
 */
export class HelperLauncher implements Launcher {
  readonly #direct: Launcher;
  readonly #logger: Logger;
  readonly #program: string;
  /** All that live: those that were replaced end when their last process has. */
  readonly #helpers = new Set<HelperProcess>();
  #directory = '';
  #opening: Promise<void> | undefined;
  #current: HelperProcess | undefined;
  #count = 0;
  #isClosed = false;

  /** @param direct starts what the helper cannot start. @param program what the helper runs. */
  constructor(direct: Launcher, logger: Logger, program = helperPath()) {
    this.#direct = direct;
    this.#logger = logger;
    this.#program = program;
  }

  open(directory: string): Promise<void> {
    this.#directory = directory;
    this.#opening = this.#openHelper();
    return this.#opening;
  }

  launch(plan: LaunchPlan): Launched {
    return this.#current?.launch(plan) ?? this.#direct.launch(plan);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#current = undefined;
    await Promise.all([...this.#helpers].map((helper) => helper.close()));
    await this.#opening;
  }

  async #openHelper(): Promise<void> {
    const helper: HelperProcess = new HelperProcess(this.#program, {
      onLost: (cause) => { this.#lose(helper, cause); },
      onTired: () => { if (this.#current === helper) this.#opening = this.#openHelper(); },
    });
    this.#helpers.add(helper);
    try {
      await helper.open(join(this.#directory, String(this.#count++)));
    } catch (error) {
      this.#helpers.delete(helper);
      this.#logger.warn('processes are started without a helper: each start holds the event loop up', { error });
    }
    if (!this.#isClosed) this.#replaceBy(this.#helpers.has(helper) ? helper : undefined);
  }

  /** Without a successor as well: the kernel would end a tired helper, and with it what it has started. */
  #replaceBy(helper: HelperProcess | undefined): void {
    const tired = this.#current;
    this.#current = helper;
    if (tired === undefined) return;
    const forget = (): void => { this.#helpers.delete(tired); };
    void tired.retire().then(forget, forget);
  }

  /** What is started from here on is started directly. */
  #lose(helper: HelperProcess, cause: unknown): void {
    this.#helpers.delete(helper);
    if (this.#current === helper) this.#current = undefined;
    this.#logger.error('the helper that starts processes is gone', { error: cause });
  }
}
