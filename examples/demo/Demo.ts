import type { WirePosition } from 'task-system/client';
import type { DemoArguments } from './arguments.ts';
import { ChildHost } from './ChildHost.ts';
import { startHost, type DemoHost, type HostSettings } from './host.ts';
import { findChanged, findLost, isTimeToKill } from './kill.ts';
import { Narrator, type NarratorPorts } from './Narrator.ts';
import { findSurprises, type Outcome } from './outcome.ts';
import { BEGINNING, openFeed, type Feed } from './viewer/feed.ts';
import { isOver, type BoardRow } from './viewer/TaskBoard.ts';

/** What the demo shows itself on, and how it is told to stop. */
export interface DemoPorts extends NarratorPorts {
  readonly isTerminal: boolean;
  readonly stop: AbortSignal;
}

/** How a demo may end. */
export type Ending = 'as expected' | 'not as expected' | 'stopped';

const TERMINAL_PACE_MS = 2_000;
/** How long the live feed may take to deliver what is already stored. */
const FEED_PATIENCE_MS = 60_000;

/** One run of the demo: the host works, the viewer watches it over the WebSocket, and at the end both are compared. */
export class Demo {
  readonly #ports: DemoPorts;
  readonly #narrator: Narrator;
  readonly #settings: HostSettings;
  readonly #kills: boolean;
  readonly #startedAt = Date.now();
  readonly #surprises: string[] = [];
  /** Tasks that ended in earlier runs. */
  readonly #ignored = new Set<string>();
  #host: DemoHost | undefined;
  #feed: Feed | undefined;
  /** The tasks as they stood when the host was killed. */
  #accepted: readonly BoardRow[] | undefined;

  constructor(args: DemoArguments, ports: DemoPorts) {
    const { folder, root, port, kill, paceMs = ports.isTerminal ? TERMINAL_PACE_MS : 0 } = args;
    this.#ports = ports;
    this.#narrator = new Narrator(ports);
    this.#settings = { folder, root, port, paceMs, cancelsSlow: true };
    this.#kills = kill;
  }

  /** Runs it to its end. Rejects when the host cannot start. */
  async run(): Promise<Ending> {
    this.#narrator.introduce(this.#settings, this.#kills);
    try {
      const outcome = this.#kills ? await this.#performWithKill() : await this.#perform();
      if (outcome !== undefined) await this.#catchUp(outcome);
      this.#ports.viewer.finish();
      return outcome === undefined || this.#ports.stop.aborted ? await this.#stopped() : this.#finished(outcome);
    } finally {
      this.#feed?.close();
      await this.#host?.close();
    }
  }

  async #perform(): Promise<Outcome | undefined> {
    const host = await startHost(this.#settings);
    await this.#watch(host);
    return this.#unlessStopped(host.perform());
  }

  /** The same with a host in a process of its own, which is killed on the way and started again. */
  async #performWithKill(): Promise<Outcome | undefined> {
    const { viewer, stop } = this.#ports;
    // The first host leaves `slow` alone, so that there is always something to interrupt.
    const first = await ChildHost.start({ ...this.#settings, cancelsSlow: false });
    await this.#watch(first);
    const early = first.perform();
    const isTime = viewer.until(isTimeToKill, stop).then(() => true, () => false);
    const cameFirst = await Promise.race([isTime, early]);
    if (cameFirst !== true) return cameFirst === false ? undefined : cameFirst;

    await first.kill();
    const accepted = viewer.board.rows;
    this.#narrator.killed(first.pid, accepted);
    const { run, port } = first.greeting;
    const second = await this.#restart({ ...this.#settings, run, port });
    this.#narrator.restarted(second.pid, second.greeting.unfinished);
    this.#accepted = accepted;
    return this.#unlessStopped(second.perform());
  }

  /** On the same port, so that the viewer finds the host by itself; if that was taken meanwhile, on another one. */
  async #restart(settings: HostSettings): Promise<ChildHost> {
    try {
      return this.#host = await ChildHost.start(settings);
    } catch {
      const elsewhere = await ChildHost.start({ ...settings, port: 0 });
      this.#host = elsewhere;
      const position = this.#feed?.position;
      this.#feed?.close();
      await this.#openFeed(elsewhere.greeting.url, position);
      return elsewhere;
    }
  }

  /** Tells what the host found and subscribes to its live feed, before there is anything to miss. */
  async #watch(host: DemoHost): Promise<void> {
    this.#host = host;
    this.#narrator.welcome(host.greeting);
    // Of a run that goes on, the viewer wants to know the beginning as well; of the tasks of other runs, nothing.
    for (const task of host.greeting.earlier) if (isOver(task.state)) this.#ignored.add(task.id);
    await this.#openFeed(host.greeting.url, host.greeting.unfinished > 0 ? BEGINNING : undefined);
  }

  async #openFeed(url: string, since: WirePosition | undefined): Promise<void> {
    const { viewer } = this.#ports;
    this.#feed = await openFeed(url, {
      onEvent: (event) => { if (!this.#ignored.has(event.taskId)) viewer.show(event); },
      onTrouble: (text) => { viewer.say(text); },
      onConnection: (isLive) => { viewer.note = isLive ? undefined : 'the host does not answer, trying again'; },
    }, since);
  }

  async #unlessStopped(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
    const { viewer, stop } = this.#ports;
    const stopped = viewer.until(() => false, stop).then(() => undefined, () => undefined);
    return Promise.race([outcome, stopped]);
  }

  /** Waits until the live feed has told all that the store knows, and notes it if it does not. */
  async #catchUp({ tasks }: Outcome): Promise<void> {
    const { viewer, stop } = this.#ports;
    // What ended before this run was watched by nobody.
    const recent = tasks.filter((task) => isOver(task.state) && (task.finishedAt ?? 0) >= this.#startedAt);
    const missing = (): number => recent.filter((task) => viewer.board.get(task.id)?.state !== task.state).length;
    await viewer.until(() => missing() === 0, AbortSignal.any([stop, AbortSignal.timeout(FEED_PATIENCE_MS)])).catch(() => {
      this.#surprises.push(`the live feed did not tell how ${missing()} tasks ended`);
    });
  }

  async #stopped(): Promise<Ending> {
    await this.#host?.close();
    this.#narrator.stopped(this.#host?.greeting.database);
    return 'stopped';
  }

  #finished(outcome: Outcome): Ending {
    const surprises = [...findSurprises(outcome), ...this.#surprises];
    this.#narrator.finish(outcome, this.#host?.greeting.database ?? '');
    if (this.#accepted !== undefined) surprises.push(...this.#compare(this.#accepted, outcome));
    this.#narrator.judge(surprises, this.#kills);
    return surprises.length === 0 ? 'as expected' : 'not as expected';
  }

  /** Holds what the dead host had accepted against what came of it. */
  #compare(accepted: readonly BoardRow[], outcome: Outcome): string[] {
    const lost = findLost(accepted, outcome);
    const changed = findChanged(accepted, outcome);
    this.#narrator.survived(accepted, lost.length);
    return [
      ...(lost.length === 0 ? [] : [`${lost.length} accepted tasks were lost: ${lost.map((row) => row.id).join(', ')}`]),
      ...(changed.length === 0 ? [] : [`${changed.length} tasks that had ended have another outcome now`]),
    ];
  }
}
