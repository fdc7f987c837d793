import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILE_CACHE_NAME, COMPILE_CACHE_VARIABLE } from '../policy/compileCache.ts';
import type { Clock } from '../types/Ports.ts';
import { PROTOCOL_VERSION, type StartedTask } from '../types/Protocol.ts';
import type { TaskProcess } from './TaskProcess.ts';

/** How many processes a host starts before it is worth one more that makes the others quicker. */
const WORTH_IT_AFTER = 4;
/** Takes some 100 ms; on a machine that is busy with other things, very much longer. */
const LIMIT_MS = 60_000;
const RESULT_BYTES = 1_000;

/** What is compiled is written down when a module asks for it, and by nobody else: a process of a task is ended from outside. */
const STORING_HANDLER = `data:text/javascript,${encodeURIComponent('import module from "node:module"; export default { run() { module.flushCompileCache?.(); } };')}`;
const TASK: StartedTask = { id: 'compile', project: 'compile', type: 'compile', input: null, attempt: 1, maxAttempts: 1, metadata: {}, rootId: 'compile' };

/** Starts the program for the library itself, with an environment. */
type StartOwn = (env: Readonly<Record<string, string>>) => TaskProcess;

/**
 * Compiled code of the program that children run, which each of them would otherwise compile anew: a twentieth of what a process costs.
 * Node's own compile cache, filled once per host by a process that runs nothing but this library and that is not told anything of a
 * task; in sandboxes it can only be read. Where it cannot be made, everything works without.
 */
export class CompileCache {
  readonly #makeFolder: () => string;
  readonly #start: StartOwn;
  readonly #clock: Clock;
  #started = 0;
  #folder: string | undefined;
  #child: TaskProcess | undefined;
  #making: Promise<void> | undefined;
  #isClosed = false;

  /** @param makeFolder makes an empty one for the library's own things. */
  constructor(makeFolder: () => string, start: StartOwn, clock: Clock) {
    this.#makeFolder = makeFolder;
    this.#start = start;
    this.#clock = clock;
  }

  /** Absolute path of its folder, once there is something in it. */
  get folder(): string | undefined {
    return this.#folder;
  }

  /** Hears that a process has come up; makes itself when there have been some. */
  count(): void {
    this.#started++;
    if (this.#started === WORTH_IT_AFTER && !this.#isClosed) this.#making = this.#make().catch(() => undefined);
  }

  /** Ends what is still under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#child?.destroy();
    await this.#making;
  }

  async #make(): Promise<void> {
    const folder = join(this.#makeFolder(), COMPILE_CACHE_NAME);
    mkdirSync(folder, { mode: 0o700 });
    const child = this.#start({ [COMPILE_CACHE_VARIABLE]: folder });
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    child.listen({ onMessage: ({ type }) => { if (type === 'result' || type === 'failure') resolve(type === 'result'); }, onFault: () => { resolve(false); } });
    void child.exited.then(() => { resolve(false); });
    const timer = this.#clock.setTimer(LIMIT_MS, () => { resolve(false); });
    child.send({ type: 'load', version: PROTOCOL_VERSION, moduleUrl: STORING_HANDLER, workspace: '/', env: {} });
    child.send({ type: 'start', task: TASK, resultBytes: RESULT_BYTES });
    const isStored = await promise;
    timer.cancel();
    await child.destroy();
    this.#child = undefined;
    if (isStored) this.#folder = folder;
  }
}
