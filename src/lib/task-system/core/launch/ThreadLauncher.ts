import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import { deserializeError, TaskSystemError } from '../../types/Errors.ts';
import type { Logger } from '../../types/Ports.ts';
import { signal } from '../processTree.ts';
import { launchEntryUrl } from './launchEntryUrl.ts';
import type { Launched, Launcher, ProcessExit } from './Launcher.ts';
import { SocketPairs, type SocketPair } from './SocketPairs.ts';
import type { LaunchOrder, LaunchReport } from './wire.ts';

/** stdout, stderr and the channel. */
const PAIRS_PER_PROCESS = 3;
/** For how many processes sockets are kept ready: as many as are started before new ones could be made. */
const READY_FOR = 3;

/**
 * Starts processes in a thread of its own. Whoever starts a process waits until the kernel has copied the page tables of the host
 * and the new program has got a processor and was loaded: some milliseconds, and tens of them on a busy machine. The event loop
 * of the host does not wait; it makes the sockets by which it will talk to the process and hands the other ends to the thread.
 */
export class ThreadLauncher implements Launcher {
  readonly #direct: Launcher;
  readonly #logger: Logger;
  readonly #entry: URL;
  readonly #pairs = new SocketPairs(PAIRS_PER_PROCESS * READY_FOR);
  readonly #processes = new Map<number, ThreadedProcess>();
  #worker: Worker | undefined;
  #count = 0;

  /** @param direct starts what cannot be started by the thread. @param entry the program of the thread. */
  constructor(direct: Launcher, logger: Logger, entry = launchEntryUrl()) {
    this.#direct = direct;
    this.#logger = logger;
    this.#entry = entry;
  }

  async open(directory: string): Promise<void> {
    try {
      await this.#pairs.open(directory);
      this.#worker = this.#startThread();
    } catch (error) {
      this.#logger.warn('processes are started without a thread: each start holds the event loop up', { error });
    }
  }

  launch(plan: LaunchPlan): Launched {
    const worker = this.#worker;
    const [stdout, stderr, channel] = worker === undefined ? [] : this.#pairs.take(PAIRS_PER_PROCESS) ?? [];
    if (worker === undefined || stdout === undefined || stderr === undefined || channel === undefined) return this.#direct.launch(plan);
    const id = ++this.#count;
    const launched = new ThreadedProcess([stdout, stderr, channel]);
    this.#processes.set(id, launched);
    const order: LaunchOrder = { id, plan, descriptors: [stdout.descriptor, stderr.descriptor, channel.descriptor] };
    worker.ref();
    worker.postMessage(order);
    return launched;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await this.#pairs.close();
    await worker?.terminate();
  }

  #startThread(): Worker {
    const worker = new Worker(this.#entry, {
      name: 'task-system-launcher',
      // Nothing of the host's: its loaders and preloaded modules would run in the thread as well, and its secrets are not needed there.
      env: {}, execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    });
    worker.on('message', (report: LaunchReport) => { this.#receive(report); });
    worker.on('error', (error) => { this.#lose(error); });
    worker.once('exit', () => { this.#lose(undefined); });
    worker.unref();
    return worker;
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
    if (this.#processes.size === 0) this.#worker?.unref();
  }

  /** Nobody would ever hear of the end of its processes: they end now. What is started from here on is started directly. */
  #lose(cause: unknown): void {
    if (this.#worker === undefined) return;
    this.#worker = undefined;
    this.#logger.error('the thread that starts processes is gone', { error: cause });
    for (const launched of this.#processes.values()) {
      if (launched.pid !== undefined) signal(-launched.pid, 'SIGKILL');
      launched.hasEnded({ code: null, signal: 'SIGKILL', ...(launched.pid === undefined ? { error: lostThread(cause) } : {}) });
    }
    this.#processes.clear();
  }
}

/** A process that the thread starts. */
class ThreadedProcess implements Launched {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly channel: Socket;
  readonly #theirs: readonly Socket[];
  readonly #started = Promise.withResolvers<undefined>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  #pid: number | undefined;

  constructor([stdout, stderr, channel]: readonly [SocketPair, SocketPair, SocketPair]) {
    this.stdout = stdout.ours;
    this.stderr = stderr.ours;
    this.channel = channel.ours;
    this.#theirs = [stdout.theirs, stderr.theirs, channel.theirs];
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

  /** The process has its ends of the sockets: ours of them are closed, so that its end will be seen. */
  hasStarted(pid: number): void {
    this.#pid = pid;
    this.#letGo();
  }

  hasEnded(exit: ProcessExit): void {
    this.#letGo();
    this.#exited.resolve(exit);
  }

  #letGo(): void {
    for (const socket of this.#theirs) socket.destroy();
    this.#started.resolve(undefined);
  }
}

function lostThread(cause: unknown): TaskSystemError {
  return new TaskSystemError('TASK_CRASHED', 'The thread that starts processes ended before this one had started', {}, { cause });
}
