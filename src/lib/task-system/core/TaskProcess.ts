import type { ChildProcess } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import type { Duplex, Readable } from 'node:stream';
import type { LaunchPlan } from '../policy/Sandbox.ts';
import { MARKS } from '../policy/Sandbox.ts';
import type { Clock, ProcessSpawner } from '../types/Ports.ts';
import { CHANNEL_FD, type ParentMessage } from '../types/Protocol.ts';
import { endMarked } from './endMarked.ts';
import { HostChannel, type ChannelListener } from './HostChannel.ts';
import { descendantsOf, groupIsAlive, hasForked, signal } from './processTree.ts';

/** The highest niceness there is. */
const MOST_NICE = 19;
/** How long the channel of a dead process may take to run dry. */
const LAST_WORDS_MS = 500;

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly error?: Error;
}

/** Who hears a process. */
export interface ProcessListener extends ChannelListener {
  /** It has come up; not called for one that is up already. */
  onReady?(): void;
}

/** What a process needs of its surroundings. */
export interface ProcessPorts {
  readonly spawn: ProcessSpawner;
  readonly clock: Clock;
  readonly maxResultBytes: number;
}

/** One child process with its channel: started ahead of need, used for one attempt, ended together with all it started. */
export class TaskProcess {
  readonly id: string;
  /** The directory that becomes the workspace. */
  readonly directory: string;
  /** Resolves when the process itself has ended; its descendants may still live. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #channel: HostChannel | undefined;
  readonly #clock: Clock;
  #hasExited = false;
  #isUp = false;

  constructor(id: string, plan: LaunchPlan, ports: ProcessPorts) {
    this.id = id;
    this.directory = plan.cwd;
    this.#clock = ports.clock;
    this.#child = ports.spawn(plan.command, plan.args, {
      cwd: plan.cwd,
      env: plan.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    this.exited = this.#watchExit();
    const stream = pipesOf(this.#child)?.[CHANNEL_FD];
    this.#channel = isDuplex(stream) ? new HostChannel(stream, ports.maxResultBytes) : undefined;
    this.#channel?.listen({ onMessage: () => { this.#isUp = true; }, onFault: () => { void this.destroy(); } });
    lowerPriority(this.pid, plan.niceness);
  }

  /** The operating system's number; undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether the child has spoken: it is up and waits for work. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get stdout(): Readable | null {
    return this.#child.stdout;
  }

  get stderr(): Readable | null {
    return this.#child.stderr;
  }

  /** Sets who hears what the child says, from its first message after `ready`. */
  listen(listener: ProcessListener): void {
    this.#channel?.listen({
      onMessage: (message) => {
        if (message.type !== 'ready') {
          listener.onMessage(message);
          return;
        }
        this.#isUp = true;
        listener.onReady?.();
      },
      onFault: (fault) => { listener.onFault(fault); },
    });
  }

  send(message: ParentMessage): void {
    this.#channel?.send(message);
  }

  /** Asks the process, and its group, to end. */
  terminate(): void {
    if (this.pid !== undefined && !this.#hasExited) signal(-this.pid, 'SIGTERM');
  }

  /**
   * Ends the process and everything it started, and waits until they are gone.
   * @returns the processes that could not be ended; empty is the rule.
   */
  async destroy(): Promise<readonly number[]> {
    const { pid } = this;
    if (pid === undefined) return [];
    // Only a live process can prove that it never had children; then nothing has to be searched for.
    const isAlone = !this.#hasExited && !hasForked(pid);
    const linked = isAlone || this.#hasExited ? [] : descendantsOf(pid);
    this.#channel?.close();
    signal(-pid, 'SIGKILL');
    for (const descendant of linked) signal(descendant, 'SIGKILL');
    await this.exited;
    if (isAlone && !groupIsAlive(pid)) return [];
    signal(-pid, 'SIGKILL');
    return endMarked(`${MARKS.process}=${this.id}`, this.#clock);
  }

  #watchExit(): Promise<ProcessExit> {
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    // Settled on 'exit', never on 'close': a grandchild that holds stdout open would delay it by its own lifetime.
    this.#child.once('exit', (code, signalName) => {
      this.#hasExited = true;
      void this.#lastWords().then(() => { resolve({ code, signal: signalName }); });
    });
    this.#child.once('error', (error) => {
      if (this.#child.pid !== undefined) return;
      this.#hasExited = true;
      resolve({ code: null, signal: null, error });
    });
    return promise;
  }

  /** What the child wrote before it died is still in the pipe when its exit is seen: a result must not lose against it. */
  async #lastWords(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#clock.setTimer(LAST_WORDS_MS, () => { resolve(undefined); });
    await Promise.race([this.#channel?.ended, promise]);
    timer.cancel();
  }
}

/** Linux keeps niceness per thread: set right after the start, the child's later threads inherit it. */
function lowerPriority(pid: number | undefined, niceness: number): void {
  if (pid === undefined || niceness === 0) return;
  try {
    setPriority(pid, Math.min(getPriority() + niceness, MOST_NICE));
  } catch {
    // A courtesy to the host, not a promise: a system that refuses it runs the task all the same.
  }
}

/** Where no more files can be opened, Node leaves a child that could not be started without any pipes. */
function pipesOf(child: ChildProcess): readonly unknown[] | undefined {
  return child.stdio;
}

function isDuplex(stream: unknown): stream is Duplex {
  return typeof stream === 'object' && stream !== null && 'write' in stream && 'read' in stream;
}
