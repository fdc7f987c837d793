import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { DemoHost, Greeting, HostSettings } from './host.ts';
import { hostReplySchema, type HostCommand, type HostReply } from './hostMessages.ts';
import type { Outcome } from './outcome.ts';

/** A host in a process of its own. */
export class ChildHost implements DemoHost {
  readonly greeting: Greeting;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, greeting: Greeting) {
    this.#child = child;
    this.greeting = greeting;
  }

  /** Starts the process; resolves when its live feed is there. Rejects with what the host has to say if it cannot start. */
  static async start(settings: HostSettings): Promise<ChildHost> {
    // Detached: the Ctrl-C of a terminal reaches the demo alone, which then closes the host as it should be.
    const child = fork(new URL('./hostProcess.ts', import.meta.url), { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const reply = await ask(child, { type: 'start', settings });
    if (reply.type === 'started') return new ChildHost(child, reply.greeting);
    if (child.connected) child.disconnect();
    throw new Error(reply.type === 'failed' ? reply.message : 'the host answered out of turn');
  }

  /** Process id of the host. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  readonly perform = async (): Promise<Outcome> => {
    const reply = await ask(this.#child, { type: 'perform' });
    return reply.type === 'done' ? reply.outcome : { tasks: [], problem: reply.type === 'failed' ? reply.message : 'the host answered out of turn' };
  };

  readonly close = async (): Promise<void> => {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.send({ type: 'close' } satisfies HostCommand);
    await exited;
  };

  /** Kills the process as a crash or the kernel would: without a warning. Resolves when it is gone. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Sends a command and waits for the next reply, or for the end of the process, whichever comes first. */
async function ask(child: ChildProcess, command: HostCommand): Promise<HostReply> {
  const answered = new AbortController();
  try {
    const reply = once(child, 'message', answered).then(([message]) => hostReplySchema.parse(message));
    const end = once(child, 'exit', answered).then((): HostReply => ({ type: 'failed', message: 'the host process has ended' }));
    child.send(command);
    return await Promise.race([reply, end]);
  } finally {
    answered.abort();
  }
}
