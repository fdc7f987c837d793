import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import { spawnPlan } from '../../policy/sandbox/spawnPlan.ts';
import type { ProcessSpawner } from '../../types/Ports.ts';
import { CHANNEL_FD } from '../../types/Protocol.ts';
import type { Launched, Launcher, ProcessExit } from './Launcher.ts';
import { lowerPriority } from './lowerPriority.ts';

/** Starts processes in the turn that asks for them: simple, but the event loop stands still until the new program has been loaded. */
export class DirectLauncher implements Launcher {
  readonly #spawn: ProcessSpawner;

  constructor(spawn: ProcessSpawner) {
    this.#spawn = spawn;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  launch(plan: LaunchPlan): Launched {
    const child = spawnPlan(plan, this.#spawn);
    lowerPriority(child.pid, plan.niceness);
    const channel = pipesOf(child)?.[CHANNEL_FD];
    return {
      pid: child.pid,
      started: Promise.resolve(),
      // The host may have been handed some itself, and passes them on.
      isClean: false,
      exited: exitOf(child),
      stdout: child.stdout,
      stderr: child.stderr,
      channel: isDuplex(channel) ? channel : undefined,
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function exitOf(child: ChildProcess): Promise<ProcessExit> {
  const { promise, resolve } = Promise.withResolvers<ProcessExit>();
  // Settled on 'exit', never on 'close': a grandchild that holds stdout open would delay it by its own lifetime.
  child.once('exit', (code, signal) => { resolve({ code, signal }); });
  child.once('error', (error) => { if (child.pid === undefined) resolve({ code: null, signal: null, error }); });
  return promise;
}

/** Where no more files can be opened, Node leaves a child that could not be started without any pipes. */
function pipesOf(child: ChildProcess): readonly unknown[] | undefined {
  return child.stdio;
}

function isDuplex(stream: unknown): stream is Duplex {
  return typeof stream === 'object' && stream !== null && 'write' in stream && 'read' in stream;
}
