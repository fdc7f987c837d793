import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOfMainThread } from '../policy/procfs.ts';
import { MARKS } from '../policy/Sandbox.ts';
import type { LaunchPlan } from '../policy/sandbox/LaunchPlan.ts';
import type { Clock, Timer } from '../types/Ports.ts';
import type { ParentMessage } from '../types/Protocol.ts';
import type { ChildMessage } from '../types/ProtocolSchema.ts';
import { endedWithin } from './endedWithin.ts';
import { endMarked } from './endMarked.ts';
import { HostChannel, type ChannelListener } from './HostChannel.ts';
import type { Launched, Launcher, ProcessExit } from './launch/Launcher.ts';
import { descendantsOf, groupIsAlive, hasForked, isAlive, signal } from './processTree.ts';

/** Exit codes of shells and of bubblewrap: this plus the number of a signal. */
const SIGNAL_BASE = 128;
/** How long the channel of a dead process may take to run dry. */
const LAST_WORDS_MS = 500;
/** Only who waits rehearses: where tasks follow each other closely it would cost more than it saves. */
const REHEARSAL_DELAY_MS = 150;
/** How often, and how far apart, it is looked whether a namespace is gone before everything is searched. */
const MAX_LOOKS = 20;
const LOOK_INTERVAL_MS = 5;

/** What a process needs of its surroundings. */
export interface ProcessPorts {
  readonly launcher: Pick<Launcher, 'launch'>;
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
  /** Whether everything that it starts stays below it, and ends with it. */
  readonly hasNamespace: boolean;
  /** Settles when the child is up; never for one that ends before. */
  readonly up: Promise<void>;
  readonly #innerWorkspace: string | undefined;
  readonly #child: Launched;
  readonly #channel: HostChannel | undefined;
  readonly #clock: Clock;
  readonly #up = Promise.withResolvers<undefined>();
  #hasExited = false;
  #isUp = false;
  /** The first process of the namespace, and the one that runs the task's code, as they were when the child came up. */
  #seenInit: number | undefined;
  #seenTask: number | undefined;
  #listener: ChannelListener | undefined;
  #rehearsal: Timer | undefined;
  /** For how many reasons nothing may be sent now, and what waits for that. */
  #holds = 0;
  readonly #held: ParentMessage[] = [];

  constructor(id: string, plan: LaunchPlan, ports: ProcessPorts) {
    this.id = id;
    this.directory = plan.cwd;
    this.isPathFixed = plan.isPathFixed ?? false;
    this.hasNamespace = plan.hasNamespace ?? false;
    this.#innerWorkspace = plan.innerWorkspace;
    this.#clock = ports.clock;
    this.#child = ports.launcher.launch(plan);
    const { channel } = this.#child;
    this.#channel = channel === undefined ? undefined : new HostChannel(channel, ports.maxResultBytes);
    this.exited = this.#watchExit();
    this.up = this.#up.promise;
    this.holdFor(this.up);
    this.#channel?.listen({
      onMessage: (message) => { this.#hear(message); },
      onFault: (fault) => { if (this.#listener === undefined) void this.destroy(); else this.#listener.onFault(fault); },
    });
  }

  /** The operating system's number; undefined until it has `started`, and when it could not be. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it is known whether the process could be started. */
  get started(): Promise<void> {
    return this.#child.started;
  }

  /** The process that runs the task's code, within its sandbox if there is one; undefined when it is not up, or gone. */
  get taskPid(): number | undefined {
    const init = this.#init();
    if (init === undefined) return this.hasNamespace || this.#hasExited ? undefined : this.pid;
    return childrenOfMainThread(init)[0];
  }

  /** Where the child finds a directory of the host that is its workspace. */
  workspaceInside(workspace: string): string {
    return this.#innerWorkspace ?? workspace;
  }

  /** Whether the child has spoken: it is up and waits for work. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether the operating system still has it, as far as is known: word of its end may be on its way. One that is only just being started counts as there. */
  get isThere(): boolean {
    if (this.#hasExited) return false;
    const first = this.#seenTask ?? this.#seenInit ?? this.pid;
    return first === undefined || isAlive(first);
  }

  get stdout(): Readable | null {
    return this.#child.stdout;
  }

  get stderr(): Readable | null {
    return this.#child.stderr;
  }

  /** Sets who hears what the child says, from its first message after `ready`. */
  listen(listener: ChannelListener): void {
    this.#listener = listener;
  }

  /** Sends a message as soon as nothing holds it back. */
  send(message: ParentMessage): void {
    this.#rehearsal?.cancel();
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
    await this.started;
    const { pid } = this;
    if (pid === undefined) return [];
    if (await this.#endNamespace() || await this.#namespaceIsGone()) return [];
    // Only a live process can prove that it never had children; then nothing has to be searched for.
    const isAlone = !this.#hasExited && !hasForked(pid);
    const linked = isAlone || this.#hasExited ? [] : descendantsOf(pid);
    this.#channel?.close();
    signal(-pid, 'SIGKILL');
    for (const descendant of linked) signal(descendant, 'SIGKILL');
    await this.exited;
    if (isAlone && !groupIsAlive(pid)) return [];
    signal(-pid, 'SIGKILL');
    return endMarked(`${MARKS.process}=${this.id}`);
  }

  #hear(message: ChildMessage): void {
    if (message.type === 'ready') void this.#comeUp();
    else this.#listener?.onMessage(message);
  }

  /** Whoever hears of it may ask for the number of the process: its first message can overtake that. */
  async #comeUp(): Promise<void> {
    await this.started;
    this.#isUp = true;
    this.#seenInit = this.#init();
    this.#seenTask = this.#seenInit === undefined ? undefined : childrenOfMainThread(this.#seenInit)[0];
    if (!this.#child.isClean) this.#channel?.send({ type: 'clean' });
    if (this.#held.length === 0 && !this.#hasExited) this.#rehearsal = this.#clock.setTimer(REHEARSAL_DELAY_MS, () => { this.send({ type: 'rehearse' }); });
    this.#up.resolve(undefined);
  }

  /** The first process of the task's namespace: the only child that bubblewrap has. Neither of the two has a second thread. */
  #init(): number | undefined {
    if (!this.hasNamespace || this.#hasExited || this.pid === undefined) return undefined;
    return childrenOfMainThread(this.pid)[0];
  }

  /** With the first process of a namespace the kernel ends all others, and it is not reaped before they are gone: no search is needed. */
  async #endNamespace(): Promise<boolean> {
    const init = this.#init();
    if (init === undefined || !signal(init, 'SIGKILL')) return false;
    this.#channel?.close();
    await this.exited;
    return true;
  }

  /**
   * When the process has ended by itself. The first process of a namespace is there until the kernel has ended all others: where it was
   * seen and is no more, no search is needed, which takes long on a busy machine.
   */
  async #namespaceIsGone(): Promise<boolean> {
    const init = this.#seenInit;
    if (init === undefined || !this.#hasExited) return false;
    await this.exited;
    for (let look = 0; look < MAX_LOOKS; look++) {
      if (!isAlive(init)) return true;
      // It dies with bubblewrap, which may have been quicker. It gets no signal: its number may be somebody else's by now.
      await sleep(LOOK_INTERVAL_MS);
    }
    return false;
  }

  async #watchExit(): Promise<ProcessExit> {
    const exit = await this.#child.exited;
    this.#hasExited = true;
    this.#rehearsal?.cancel();
    if (exit.error !== undefined) return exit;
    await this.#lastWords();
    return this.hasNamespace ? withSignal(exit) : exit;
  }

  /** What the child wrote before it died is still in the pipe when its exit is seen: a result must not lose against it. */
  #lastWords(): Promise<void> {
    return endedWithin(this.#channel?.ended, LAST_WORDS_MS, this.#clock);
  }
}

/** bubblewrap passes on by which signal the task ended as an exit code, as shells do. */
function withSignal({ code, signal: own }: ProcessExit): ProcessExit {
  const found = Object.entries(constants.signals).find(([, number]) => code !== null && number === code - SIGNAL_BASE)?.[0];
  return found !== undefined && isSignal(found) ? { code: null, signal: found } : { code, signal: own };
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
