import type { Clock, Logger } from '../../types/Ports.ts';
import type { TaskControl } from '../../types/TaskControl.ts';
import type { CommandName, WireTopic } from '../../types/Wire.ts';
import { answerOf } from './answerOf.ts';

/** What a client wants to do: get events from now on, get events of the past, or a command. */
export type FeedAction = 'subscribe' | 'replay' | CommandName;

/** What is known of whatever a topic is about. */
export interface FeedSubject {
  /** Of the task, the tree's root, or the submission. Undefined for `tasks`, and for a task that does not exist. */
  readonly project?: string;
  /** Of the task, the tree's root, or the submission. */
  readonly taskType?: string;
}

/**
 * Decides what a connected client may do. `identity` is what `authenticate` gave; anything but `true` is a no, so is a failure or no
 * answer within 10 seconds.
 */
export type Authorize<Identity = unknown> = (identity: Identity, action: FeedAction, topic: WireTopic, subject: FeedSubject) => boolean | Promise<boolean>;

/** What {@link Permissions} needs. */
export interface PermissionsOptions {
  readonly authorize: Authorize | undefined;
  readonly control: TaskControl | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one client may do. */
export class Permissions {
  readonly #options: PermissionsOptions;
  readonly #identity: () => unknown;

  /** @param identity gives what is known of the client at the moment of the question. */
  constructor(options: PermissionsOptions, identity: () => unknown) {
    this.#options = options;
    this.#identity = identity;
  }

  /** Whether every question is answered yes at once: without `authorize` everybody who is connected may watch, and nobody may command. */
  get areOpen(): boolean {
    return this.#options.authorize === undefined;
  }

  /** Asks `authorize`. Without it: yes to watching, no to every command. */
  async may(action: FeedAction, topic: WireTopic, subject?: FeedSubject): Promise<boolean> {
    const { authorize } = this.#options;
    if (authorize === undefined) return action === 'subscribe' || action === 'replay';
    const known = subject ?? await this.#subjectOf(topic);
    return await answerOf('authorize', () => authorize(this.#identity(), action, topic, known), this.#options) === true;
  }

  /** The app usually decides by project, which the name of a task does not tell. */
  async #subjectOf(topic: WireTopic): Promise<FeedSubject> {
    if (topic === 'tasks') return {};
    const [kind = '', name = ''] = splitOnce(topic);
    if (kind === 'project') return { project: name };
    const task = await this.#options.control?.get(name);
    return task === undefined ? {} : { project: task.project, taskType: task.type };
  }
}

function splitOnce(topic: string): readonly string[] {
  const at = topic.indexOf(':');
  return [topic.slice(0, at), topic.slice(at + 1)];
}
