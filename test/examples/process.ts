import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const EXAMPLES = join(import.meta.dirname, '../../examples');

/** An example that runs as a process of its own. */
export interface RunningExample {
  readonly pid: number;
  /** What it has written so far, to both streams. */
  readonly output: () => string;
  /** Resolves with the match as soon as the output has one; rejects with the output when the process ends without. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly signal: (name: 'SIGINT' | 'SIGTERM') => void;
  /** The exit code. */
  readonly exited: Promise<number | null>;
}

/** Starts an example as a user would, without colours. It is killed if it still runs when the test is over. */
export function runExample(name: string, args: readonly string[], cwd: string): RunningExample {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], LANG: 'C.UTF-8', NO_COLOR: '1' };
  const child = spawn(process.execPath, [join(EXAMPLES, name), ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const checks = new Set<() => void>();
  let text = '';
  const take = (chunk: string): void => {
    text += chunk;
    for (const check of checks) check();
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const exited = once(child, 'close').then((): number | null => child.exitCode);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return {
    pid: child.pid ?? 0,
    output: () => text,
    exited,
    signal: (signal) => { child.kill(signal); },
    says: async (pattern) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const check = (): void => {
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
      };
      checks.add(check);
      check();
      void exited.then(() => { reject(new Error(`ended without saying ${String(pattern)}:\n${text}`)); });
      return promise.finally(() => checks.delete(check));
    },
  };
}
