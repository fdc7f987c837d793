import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A program of `test/context/programs` that was started. */
export interface Program {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly lines: AsyncIterable<string>;
  readonly stderr: Promise<string>;
  /** The exit code or the signal. */
  readonly ended: Promise<number | string>;
}

/** Starts a program; it is killed when the test ends. `shell` goes before it, such as `ulimit -f 8;`. */
export function startProgram(name: string, args: readonly string[], shell = ''): Program {
  const file = join(import.meta.dirname, 'programs', `${name}.ts`);
  const child = spawn('/bin/sh', ['-c', `${shell} exec "$@"`, 'sh', process.execPath, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => { child.kill('SIGKILL'); });
  return {
    process: child,
    lines: createInterface(child.stdout),
    stderr: text(child.stderr),
    ended: once(child, 'exit').then(([code, signal]: readonly (number | string | null)[]) => code ?? signal ?? 'nothing'),
  };
}
