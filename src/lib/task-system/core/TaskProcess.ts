import type { ChildProcess } from 'node:child_process';
import { constants, getPriority, setPriority } from 'node:os';
import type { Duplex, Readable } from 'node:stream';
import { MARKS } from '../policy/Sandbox.ts';
import type { LaunchPlan } from '../policy/sandbox/LaunchPlan.ts';
import { spawnPlan } from '../policy/sandbox/spawnPlan.ts';
import type { Clock, ProcessSpawner } from '../types/Ports.ts';
import { CHANNEL_FD, type ParentMessage } from '../types/Protocol.ts';
import type { ChildMessage } from '../types/ProtocolSchema.ts';
import { endMarked } from './endMarked.ts';
import { HostChannel, type ChannelListener } from './HostChannel.ts';
import { childrenOf, descendantsOf, groupIsAlive, hasForked, signal } from './processTree.ts';

/** The highest niceness there is. */
const MOST_NICE = 19;
/** Exit codes of shells and of bubblewrap: this plus the number of a signal. */
const SIGNAL_BASE = 128;
/** How long the channel of a dead process may take to run dry. */
const LAST_WORDS_MS = 500;

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly error?: Error;
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
  /** Whether the directory must keep its name while the process lives. */
  readonly isPathFixed: boolean;
  readonly #hasNamespace: boolean;
  readonly #innerWorkspace: string | undefined;
  readonly #child: ChildProcess;
  readonly #channel: HostChannel | undefined;
  readonly #clock: Clock;
  readonly #up = Promise.withResolvers<undefined>();
  #hasExited = false;
  #isUp = false;
  #listener: ChannelListener | undefined;
  /** For how many reasons nothing may be sent now, and what waits for that. */
  #holds = 0;
  readonly #held: ParentMessage[] = [];

  constructor(id: string, plan: LaunchPlan, ports: ProcessPorts) {
    this.id = id;
    this.directory = plan.cwd;
    this.isPathFixed = plan.isPathFixed ?? false;
    this.#hasNamespace = plan.hasNamespace ?? false;
    this.#innerWorkspace = plan.innerWorkspace;
    this.#clock = ports.clock;
    this.#child = spawnPlan(plan, ports.spawn);
    this.exited = this.#watchExit();
    const stream = pipesOf(this.#child)?.[CHANNEL_FD];
    this.#channel = isDuplex(stream) ? new HostChannel(stream, ports.maxResultBytes) : undefined;
    this.holdFor(this.#up.promise);
    this.#channel?.listen({
      onMessage: (message) => { this.#hear(message); },
      onFault: (fault) => { if (this.#listener === undefined) void this.destroy(); else this.#listener.onFault(fault); },
    });
    lowerPriority(this.pid, plan.niceness);
  }

  /** The operating system's number; undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The process that runs the task's code, within its sandbox if there is one; undefined when it is not up, or gone. */
  get taskPid(): number | undefined {
    const init = this.#init();
    if (init === undefined) return this.#hasNamespace || this.#hasExited ? undefined : this.pid;
    return childrenOf(init)[0];
  }

  /** Where the child finds a directory of the host that is its workspace. */
  workspaceInside(workspace: string): string {
    return this.#innerWorkspace ?? workspace;
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

  /** Settles when the child is up; never for one that ends before. */
  get up(): Promise<void> {
    return this.#up.promise;
  }

  /** Sets who hears what the child says, from its first message after `ready`. */
  listen(listener: ChannelListener): void {
    this.#listener = listener;
  }

  /** Sends a message as soon as nothing holds it back. */
  send(message: ParentMessage): void {
    if (this.#holds > 0) this.#held.push(message);
    else this.#channel?.send(message);
  }

  /** Keeps messages back until some work is over: what they set going must find it done. */
  holdFor(work: Promise<unknown>): void {
    this.#holds++;
    const release = (): void => {
      if (--this.#holds > 0) return;
      for (const message of this.#held.splice(0)) this.#channel?.send(message);
    };
    void work.then(release, release);
  }

  /** Asks the process, and its group, to end. */
  terminate(): void {
    if (this.pid === undefined || this.#hasExited) return;
    // The first process of a namespace ignores what it does not handle: the signal reaches the task, and leaves the sandbox standing.
    const init = this.#init();
    signal(-(init ?? this.pid), 'SIGTERM');
  }

  /**
   * Ends the process and everything it started, and waits until they are gone.
   * @returns the processes that could not be ended; empty is the rule.
   */
  async destroy(): Promise<readonly number[]> {
    const { pid } = this;
    if (pid === undefined) return [];
    if (await this.#endNamespace()) return [];
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

  #hear(message: ChildMessage): void {
    if (message.type !== 'ready') {
      this.#listener?.onMessage(message);
      return;
    }
    this.#isUp = true;
    if (this.#held.length === 0) this.send({ type: 'rehearse' });
    this.#up.resolve(undefined);
  }

  /** The first process of the task's namespace: the only child that bubblewrap has. */
  #init(): number | undefined {
    if (!this.#hasNamespace || this.#hasExited || this.pid === undefined) return undefined;
    return childrenOf(this.pid)[0];
  }

  /** With the first process of a namespace the kernel ends all others, and it is not reaped before they are gone: no search is needed. */
  async #endNamespace(): Promise<boolean> {
    const init = this.#init();
    if (init === undefined || !signal(init, 'SIGKILL')) return false;
    this.#channel?.close();
    await this.exited;
    return true;
  }

  #watchExit(): Promise<ProcessExit> {
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    // Settled on 'exit', never on 'close': a grandchild that holds stdout open would delay it by its own lifetime.
    this.#child.once('exit', (code, signalName) => {
      this.#hasExited = true;
      const exit = this.#hasNamespace ? withSignal(code, signalName) : { code, signal: signalName };
      void this.#lastWords().then(() => { resolve(exit); });
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

/** bubblewrap passes on by which signal the task ended as an exit code, as shells do. */
function withSignal(code: number | null, signalName: NodeJS.Signals | null): ProcessExit {
  const found = Object.entries(constants.signals).find(([, number]) => code !== null && number === code - SIGNAL_BASE)?.[0];
  return found !== undefined && isSignal(found) ? { code: null, signal: found } : { code, signal: signalName };
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
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
