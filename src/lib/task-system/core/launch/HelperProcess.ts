import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import { deserializeError, TaskSystemError } from '../../types/Errors.ts';
import { signal } from '../processTree.ts';
import type { Launched, ProcessExit } from './Launcher.ts';
import { SocketStock, type StockedSocket } from './SocketStock.ts';
import { SOCKETS_PER_PROCESS, type LaunchOrder, type LaunchReport } from './wire.ts';

/** For how many processes sockets are kept ready: as many as are started before new ones could be made. */
const READY_FOR = 4;

/** Who hears of a helper. */
export interface HelperListener {
  /** It is gone, and everything that it had started. */
  onLost(cause: unknown): void;
  /** It has used a good part of the processor time that it shares with its processes: another one should take over. */
  onTired(): void;
}

/** A small process that starts others: from its start to its end, with the sockets by which the host talks to what it starts. */
export class HelperProcess {
  readonly #program: string;
  readonly #listener: HelperListener;
  readonly #secret = randomUUID();
  readonly #stock = new SocketStock(this.#secret);
  readonly #processes = new Map<number, HelpedProcess>();
  #opening: Promise<void> | undefined;
  #child: ChildProcess | undefined;
  readonly #gone = Promise.withResolvers<undefined>();
  #count = 0;
  #state: 'open' | 'retired' | 'closed' = 'open';

  /** @param program what it runs. */
  constructor(program: string, listener: HelperListener) {
    this.#program = program;
    this.#listener = listener;
  }

  /** Starts it, and waits until it is ready, or gone. Rejects where there is no room for its sockets. @param directory is made for them. */
  open(directory: string): Promise<void> {
    this.#opening = this.#open(directory);
    return this.#opening;
  }

  /** Starts a process; undefined when it is not there, or has not as many sockets. */
  launch(plan: LaunchPlan): Launched | undefined {
    const child = this.#child;
    const [stdout, stderr, channel] = child === undefined ? [] : this.#stock.take(SOCKETS_PER_PROCESS) ?? [];
    if (child === undefined || stdout === undefined || stderr === undefined || channel === undefined) return undefined;
    const id = ++this.#count;
    const launched = new HelpedProcess([stdout, stderr, channel]);
    this.#processes.set(id, launched);
    child.channel?.ref();
    this.#order(child, { type: 'start', id, plan, sockets: [stdout.number, stderr.number, channel.number] });
    return launched;
  }

  /** Starts nothing any more, and ends when the last of its processes has. Resolves then. */
  async retire(): Promise<void> {
    this.#state = 'retired';
    this.#stock.close();
    if (this.#processes.size > 0) await this.#gone.promise;
    await this.close();
  }

  /** Ends it. It has nothing to put in order: what it started is gone. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#gone.resolve(undefined);
    const child = this.#child;
    this.#child = undefined;
    if (child !== undefined) {
      child.ref();
      const ended = once(child, 'exit');
      if (child.kill('SIGKILL')) await ended;
    }
    // A server that is closed while it begins to listen would leave whoever opens it waiting.
    await this.#opening?.catch(() => undefined);
    this.#stock.close();
  }

  async #open(directory: string): Promise<void> {
    mkdirSync(directory, { mode: 0o700 });
    await this.#stock.open(directory);
    if (this.#state !== 'open') return;
    const child = this.#start(directory);
    this.#child = child;
    await Promise.race([this.#stock.has(SOCKETS_PER_PROCESS * READY_FOR), once(child, 'exit')]);
  }

  #start(directory: string): ChildProcess {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', this.#program], {
      // Nothing of the host's, and a session of its own: a Ctrl-C for the host does not reach it.
      env: {}, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced',
    });
    child.on('message', (report: LaunchReport) => { this.#receive(report); });
    child.on('error', (error) => { this.#lose(child, error); });
    child.once('exit', () => { this.#lose(child, undefined); });
    this.#order(child, { type: 'connect', directory, secret: this.#secret, size: SOCKETS_PER_PROCESS * READY_FOR });
    child.unref();
    child.channel?.unref();
    return child;
  }

  /** One that cannot be told any more is about to be lost. */
  #order(child: ChildProcess, order: LaunchOrder): void {
    child.send(order, () => undefined);
  }

  #receive(report: LaunchReport): void {
    if (report.type === 'tired') {
      this.#listener.onTired();
      return;
    }
    const launched = this.#processes.get(report.id);
    if (launched === undefined) return;
    if (report.type === 'started') {
      launched.hasStarted(report.pid);
      return;
    }
    launched.hasEnded(report.type === 'exited' ? { code: report.code, signal: report.signal } : { code: null, signal: null, error: deserializeError(report.error) });
    this.#processes.delete(report.id);
    if (this.#processes.size > 0) return;
    this.#child?.channel?.unref();
    if (this.#state === 'retired') this.#gone.resolve(undefined);
  }

  /** Nobody would ever hear of the end of its processes: they end now. */
  #lose(child: ChildProcess, cause: unknown): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#stock.close();
    for (const launched of this.#processes.values()) {
      if (launched.pid !== undefined) signal(-launched.pid, 'SIGKILL');
      launched.hasEnded({ code: null, signal: 'SIGKILL', ...(launched.pid === undefined ? { error: lostHelper(cause) } : {}) });
    }
    this.#processes.clear();
    this.#gone.resolve(undefined);
    this.#listener.onLost(cause);
  }
}

/** A process that a helper starts. */
class HelpedProcess implements Launched {
  /** The helper has closed what it was handed, and whoever reads inputs closes them. */
  readonly isClean = true;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly channel: Socket;
  readonly #started = Promise.withResolvers<undefined>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  #pid: number | undefined;

  constructor([stdout, stderr, channel]: readonly [StockedSocket, StockedSocket, StockedSocket]) {
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

function lostHelper(cause: unknown): TaskSystemError {
  return new TaskSystemError('TASK_CRASHED', 'The helper that starts processes ended before this one had started', {}, { cause });
}
