import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import { deserializeError, TaskSystemError } from '../../types/Errors.ts';
import type { Logger } from '../../types/Ports.ts';
import { signal } from '../processTree.ts';
import { helperPath } from './helperPath.ts';
import type { Launched, Launcher, ProcessExit } from './Launcher.ts';
import { SocketStock, type StockedSocket } from './SocketStock.ts';
import { SOCKETS_PER_PROCESS, type LaunchOrder, type LaunchReport } from './wire.ts';

/** For how many processes sockets are kept ready: as many as are started before new ones could be made. */
const READY_FOR = 4;

/**
 * Lets a small process of its own start processes. Whoever starts a process waits until the kernel has copied its page tables and
 * the new program has got a processor and was loaded, and afterwards pays for every page that it writes: the more, the larger it
 * is. The host is large and must not wait; the helper is small and has nothing else to do. The host talks to the processes by
 * connections that the helper made ahead of need and passes on.
 */
export class HelperLauncher implements Launcher {
  readonly #direct: Launcher;
  readonly #logger: Logger;
  readonly #program: string;
  readonly #secret = randomUUID();
  readonly #stock = new SocketStock(this.#secret);
  readonly #processes = new Map<number, HelpedProcess>();
  #opening: Promise<void> | undefined;
  #helper: ChildProcess | undefined;
  #count = 0;
  #isClosed = false;

  /** @param direct starts what the helper cannot start. @param program what the helper runs. */
  constructor(direct: Launcher, logger: Logger, program = helperPath()) {
    this.#direct = direct;
    this.#logger = logger;
    this.#program = program;
  }

  open(directory: string): Promise<void> {
    this.#opening = this.#open(directory).catch((error: unknown) => {
      this.#logger.warn('processes are started without a helper: each start holds the event loop up', { error });
    });
    return this.#opening;
  }

  launch(plan: LaunchPlan): Launched {
    const helper = this.#helper;
    const [stdout, stderr, channel] = helper === undefined ? [] : this.#stock.take(SOCKETS_PER_PROCESS) ?? [];
    if (helper === undefined || stdout === undefined || stderr === undefined || channel === undefined) return this.#direct.launch(plan);
    const id = ++this.#count;
    const launched = new HelpedProcess([stdout, stderr, channel], plan.inputs === undefined);
    this.#processes.set(id, launched);
    helper.channel?.ref();
    this.#order(helper, { type: 'start', id, plan, sockets: [stdout.number, stderr.number, channel.number] });
    return launched;
  }

  async close(): Promise<void> {
    const helper = this.#helper;
    this.#isClosed = true;
    this.#helper = undefined;
    // It has nothing to put in order: what it started is gone.
    if (helper !== undefined) await endOf(helper);
    await this.#opening;
    this.#stock.close();
  }

  async #open(directory: string): Promise<void> {
    await this.#stock.open(directory);
    if (this.#isClosed) return;
    const helper = this.#startHelper(directory);
    this.#helper = helper;
    await Promise.race([this.#stock.has(SOCKETS_PER_PROCESS * READY_FOR), once(helper, 'exit')]);
  }

  #startHelper(directory: string): ChildProcess {
    const helper = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', this.#program], {
      // Nothing of the host's, and a session of its own: a Ctrl-C for the host does not reach it.
      env: {}, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced',
    });
    helper.on('message', (report: LaunchReport) => { this.#receive(report); });
    helper.on('error', (error) => { this.#lose(helper, error); });
    helper.once('exit', () => { this.#lose(helper, undefined); });
    this.#order(helper, { type: 'connect', directory, secret: this.#secret, size: SOCKETS_PER_PROCESS * READY_FOR });
    helper.unref();
    helper.channel?.unref();
    return helper;
  }

  /** One that cannot be told any more is about to be lost. */
  #order(helper: ChildProcess, order: LaunchOrder): void {
    helper.send(order, () => undefined);
  }

  #receive(report: LaunchReport): void {
    const launched = this.#processes.get(report.id);
    if (launched === undefined) return;
    if (report.type === 'started') {
      launched.hasStarted(report.pid);
      return;
    }
    launched.hasEnded(report.type === 'exited' ? { code: report.code, signal: report.signal } : { code: null, signal: null, error: deserializeError(report.error) });
    this.#processes.delete(report.id);
    if (this.#processes.size === 0) this.#helper?.channel?.unref();
  }

  /** Nobody would ever hear of the end of its processes: they end now. What is started from here on is started directly. */
  #lose(helper: ChildProcess, cause: unknown): void {
    if (this.#helper !== helper) return;
    this.#helper = undefined;
    this.#logger.error('the helper that starts processes is gone', { error: cause });
    for (const launched of this.#processes.values()) {
      if (launched.pid !== undefined) signal(-launched.pid, 'SIGKILL');
      launched.hasEnded({ code: null, signal: 'SIGKILL', ...(launched.pid === undefined ? { error: lostHelper(cause) } : {}) });
    }
    this.#processes.clear();
    this.#stock.close();
  }
}

/** A process that the helper starts. */
class HelpedProcess implements Launched {
  readonly isClean: boolean;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly channel: Socket;
  readonly #started = Promise.withResolvers<undefined>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  #pid: number | undefined;

  /** @param isClean the helper has closed what it was handed, so only inputs can be left over. */
  constructor([stdout, stderr, channel]: readonly [StockedSocket, StockedSocket, StockedSocket], isClean: boolean) {
    this.isClean = isClean;
    this.stdout = stdout.socket;
    this.stderr = stderr.socket;
    this.channel = channel.socket;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  get started(): Promise<void> {
    return this.#started.promise;
  }

  get exited(): Promise<ProcessExit> {
    return this.#exited.promise;
  }

  hasStarted(pid: number): void {
    this.#pid = pid;
    this.#started.resolve(undefined);
  }

  hasEnded(exit: ProcessExit): void {
    this.#started.resolve(undefined);
    this.#exited.resolve(exit);
  }
}

async function endOf(helper: ChildProcess): Promise<void> {
  helper.ref();
  const ended = once(helper, 'exit');
  if (helper.kill('SIGKILL')) await ended;
}

function lostHelper(cause: unknown): TaskSystemError {
  return new TaskSystemError('TASK_CRASHED', 'The helper that starts processes ended before this one had started', {}, { cause });
}
