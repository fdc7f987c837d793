import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A real process that a test started. */
export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The next line of its output. */
  readonly nextLine: () => Promise<string>;
  /** Resolves with the signal (or code) by which it ended. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

/** Starts a shell script as the leader of its own process group; the group is killed when the test is over. */
export function startScript(script: string, env: Readonly<Record<string, string>> = {}): Program {
  return startProgram('/bin/sh', ['-c', script], env);
}

/** Starts a program as the leader of its own process group; the group is killed when the test is over. */
export function startProgram(command: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Program {
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: '/usr/bin:/bin', ...env } });
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${command}`);
  onTestFinished(() => {
    kill(-pid);
    // Whoever else may hold the other ends: they must not keep the tests alive.
    child.stdin.destroy();
    child.stdout.destroy();
    child.unref();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid,
    child,
    ended: once(child, 'exit').then(() => child.signalCode ?? child.exitCode),
    nextLine: async () => {
      const next = await lines.next();
      if (next.done === true) throw new Error(`${command} said nothing more`);
      return next.value;
    },
  };
}

/** The next line of output as the number of a process, which is killed when the test is over. */
export async function nextPid({ nextLine }: Program): Promise<number> {
  const line = await nextLine();
  const pid = Number(line);
  // To kill number 0 would be to kill the tests themselves.
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`"${line}" is no number of a process`);
  onTestFinished(() => { kill(pid); });
  return pid;
}

/** Kills a child of the tests, and waits until nothing of it is under way. */
export async function killAndWait(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Kills a process, or a group with a negative number, if it is there. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
