import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, type FeedClient } from '../../src/client.ts';
import { CHILD_ENTRY, temporaryDirectory } from '../core/support.ts';
import { hurriedClock } from './clientHelpers.ts';

const CLIENTS = 50;
const HURRY = 20;

/** A process with a system and its live feed. */
class Host {
  readonly #process: ChildProcess;
  readonly #said: Promise<unknown>;

  constructor(root: string, port: number) {
    this.#process = fork(path.join(import.meta.dirname, 'programs/feedHost.ts'), [root, String(port), CHILD_ENTRY]);
    onTestFinished(() => { this.#process.kill('SIGKILL'); });
    this.#said = this.#hear('port');
  }

  /** The port, once it listens. */
  async port(): Promise<number> {
    return Number(await this.#said);
  }

  async kill(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.send('close');
    // One that died of something on the way has not closed.
    expect(await ended).toEqual([0, null]);
  }

  /** Ends what is under way. @returns the offset of the last event. */
  async drain(): Promise<number> {
    const said = this.#hear('offset');
    this.#process.send('drain');
    return Number(await said);
  }

  #hear(name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#process.on('message', (message) => { if (typeof message === 'object' && name in message) resolve(Reflect.get(message, name)); });
      this.#process.once('exit', (code, signal) => { reject(new Error(`the host ended (${String(code ?? signal)}) before it said "${name}"`)); });
    });
  }
}

/** A client that comes back 20 times as fast: it notes the stored events that it gets, and how long it waits before it comes back. */
class Watcher {
  readonly client: FeedClient;
  readonly seen: string[] = [];
  readonly resets: string[] = [];
  readonly delays: number[] = [];

  constructor(url: string) {
    this.client = connect(url, {}, { clock: hurriedClock(HURRY, this.delays) });
    onTestFinished(() => { this.client.close(); });
    this.client.subscribe('tasks', { since: { epoch: '', offset: 0 }, onReset: (reason) => { this.resets.push(reason); } })
      .on('*', ({ type, taskId, offset, seq }) => { if (seq === undefined) this.seen.push(`${String(offset)} ${type} ${taskId}`); });
  }

  /** What it has waited for since it was asked last. */
  waits(): readonly number[] {
    return this.delays.splice(0);
  }
}

describe('an avalanche: the host restarts under all of its clients', { timeout: 600_000 }, () => {
  it('all come back, spread out, and miss nothing of real tasks, whether it was killed or closed', async () => {
    const root = temporaryDirectory();
    let host = new Host(root, 0);
    const port = await host.port();
    const watchers = Array.from({ length: CLIENTS }, () => new Watcher(`ws://127.0.0.1:${String(port)}/tasks`));
    const allHave = (events: number): Promise<unknown> => vi.waitUntil(() => watchers.every(({ seen }) => seen.length >= events), { timeout: 180_000, interval: 5 });
    const most = (): number => Math.max(...watchers.map(({ seen }) => seen.length));
    await allHave(12);
    for (const watcher of watchers) watcher.waits();

    await host.kill();
    host = new Host(root, port);
    await host.port();
    await allHave(most() + 12);
    const afterKill = watchers.flatMap((watcher) => watcher.waits().find((delay) => delay > 0 && delay <= 500) ?? []);

    await host.close();
    host = new Host(root, port);
    await host.port();
    await allHave(most() + 12);
    const afterClose = watchers.flatMap((watcher) => watcher.waits().find((delay) => delay >= 1_000 && delay <= 2_000) ?? []);

    const last = await host.drain();
    await allHave(last);
    const [first] = watchers;
    expect(first?.seen.map((line) => Number(line.split(' ')[0]))).toEqual(Array.from({ length: last }, (_, index) => index + 1));
    for (const { seen, resets } of watchers) expect([seen, resets]).toEqual([first?.seen, []]);
    // Each waited a time of its own, and who was told goodbye as long as the server had asked for.
    expect(new Set(afterKill).size).toBeGreaterThan(CLIENTS / 2);
    expect(new Set(afterClose).size).toBeGreaterThan(CLIENTS / 2);
    await host.close();
  });
});
