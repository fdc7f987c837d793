import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program beside this folder that is talked to by messages. */
export interface Talk {
  tell(order: object): void;
  /** The next number of this name that it says. */
  hear(name: string): Promise<number>;
  end(): void;
  /** Kills it, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts a program. Its errors are ours. */
export function talkTo(name: string, args: readonly string[]): Talk {
  const child: ChildProcess = fork(fileURLToPath(new URL(`../programs/${name}`, import.meta.url)), args, { execArgv: ['--expose-gc'] });
  const said: Readonly<Record<string, unknown>>[] = [];
  const waiting: (() => void)[] = [];
  let hasEnded = false;
  const wake = (): void => { for (const check of waiting.splice(0)) check(); };
  child.on('message', (message) => {
    if (typeof message === 'object') said.push({ ...message });
    wake();
  });
  child.on('exit', () => {
    hasEnded = true;
    wake();
  });
  return {
    tell: (order) => { child.send(order); },
    async hear(key) {
      for (;;) {
        const index = said.findIndex((message) => key in message);
        if (index >= 0) return Number(said.splice(index, 1)[0]?.[key]);
        if (hasEnded) throw new Error(`${name} ended before it said "${key}"`);
        await new Promise<void>((resolve) => { waiting.push(resolve); });
      }
    },
    end: () => { child.kill(); },
    async kill() {
      child.kill('SIGKILL');
      while (!hasEnded) await new Promise<void>((resolve) => { waiting.push(resolve); });
    },
  };
}
