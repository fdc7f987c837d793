import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A program of `test/store/programs` that was started. */
export interface Program {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** The lines that it prints. */
  readonly lines: AsyncIterableIterator<string>;
  /** What it wrote to stderr, once it has ended. */
  readonly stderr: Promise<string>;
  /** Resolves with the exit code, or the signal, once it has ended. */
  readonly ended: Promise<number | string>;
}

/** Starts a program; it is killed when the test ends. `uid` runs it as another user. */
export function startProgram(name: string, args: readonly string[], uid?: number): Program {
  const file = join(import.meta.dirname, 'programs', `${name}.ts`);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...(uid === undefined ? {} : { uid, gid: uid }) });
  onTestFinished(() => { child.kill('SIGKILL'); });
  return {
    process: child,
    lines: createInterface(child.stdout)[Symbol.asyncIterator](),
    stderr: text(child.stderr),
    ended: once(child, 'exit').then(([code, signal]: readonly (number | string | null)[]) => code ?? signal ?? 'nothing'),
  };
}

/** The next line of a program, or what it wrote to stderr when it ended instead. */
export async function nextLine(program: Program): Promise<string> {
  const next = await program.lines.next();
  return next.done === true ? program.stderr : next.value;
}
