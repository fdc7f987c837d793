import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { verify } from '../lib/Benchmark.ts';

/** The least that separates a process: its own namespaces and a view of the whole machine that it cannot write. */
const SANDBOX = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--'];

/** Starts so many processes in bubblewrap, some at a time: each gets a message, answers, and ends. */
export async function bubblewrapLoop(bubblewrap: string, count: number, concurrency: number): Promise<void> {
  const script = fileURLToPath(new URL('forkNoop.cjs', import.meta.url));
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const child = fork(script, { execPath: bubblewrap, execArgv: [...SANDBOX, process.execPath] });
      const exited = once(child, 'exit');
      child.send({ run: true });
      const [answer]: unknown[] = await once(child, 'message');
      await exited;
      verify(typeof answer === 'number', 'a sandboxed process did not answer');
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
