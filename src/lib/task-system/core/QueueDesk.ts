import { assertProjectName } from '../types/ProjectName.ts';
import type { ProjectSnapshot, QueueControl, QueueSnapshot } from '../types/System.ts';
import type { CoreParts } from './CoreParts.ts';
import type { Sessions } from './Sessions.ts';
import type { TaskRunner } from './TaskRunner.ts';

/** What the desk works with. */
export interface DeskPorts extends Pick<CoreParts, 'queue' | 'store' | 'options'> {
  readonly sessions: Pick<Sessions, 'spares'>;
  readonly runner: Pick<TaskRunner, 'setPaused'>;
}

/** Looks at and steers the queue from outside. */
export class QueueDesk implements QueueControl {
  readonly #ports: DeskPorts;
  readonly #assertOpen: () => void;

  /** @param assertOpen throws when the system is closed. */
  constructor(ports: DeskPorts, assertOpen: () => void) {
    this.#ports = ports;
    this.#assertOpen = assertOpen;
  }

  async snapshot(): Promise<QueueSnapshot> {
    this.#assertOpen();
    const { queue, store, options, sessions } = this.#ports;
    const counts = new Map((await store.counts()).map((count) => [count.project, count]));
    const names = new Set([...counts.keys(), ...queue.pausedProjects()]);
    const projects = [...names].sort().map((project): ProjectSnapshot => {
      const { ready, delayed, running, waiting } = counts.get(project) ?? { ready: 0, delayed: 0, running: 0, waiting: 0 };
      const { maxConcurrent, weight } = options.project(project);
      return { project, ready, delayed, running, waiting, paused: queue.isPaused(project), maxConcurrent, weight };
    });
    return { maxConcurrent: options.queue.maxConcurrent, running: queue.running, paused: queue.isPaused(), spares: sessions.spares, projects };
  }

  pause(project?: string): Promise<void> {
    return this.#setPaused(project, true);
  }

  resume(project?: string): Promise<void> {
    return this.#setPaused(project, false);
  }

  async #setPaused(project: string | undefined, isPaused: boolean): Promise<void> {
    this.#assertOpen();
    if (project !== undefined) assertProjectName(project);
    await this.#ports.runner.setPaused(project, isPaused);
  }
}
