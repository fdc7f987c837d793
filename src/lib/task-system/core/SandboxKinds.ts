import { loopbackNamesOf } from '../policy/hosts.ts';
import type { SandboxKind } from '../policy/Sandbox.ts';
import type { Levels } from '../policy/sandbox/Levels.ts';
import { viewOf } from '../policy/sandbox/SandboxView.ts';
import type { ResolvedOptions, ResolvedTaskType } from '../types/ResolvedOptions.ts';

const NO_VIEW = { readable: [], hiddenFiles: [], hiddenFolders: [] };

/** Works out in what kind of sandbox a task runs, and what its process is told of it. */
export class SandboxKinds {
  readonly #options: ResolvedOptions;
  readonly #entry: string;
  readonly #levels: Levels;
  /** By type, which below another type is another one, and what else makes a difference. */
  readonly #known = new WeakMap<ResolvedTaskType, Map<string, SandboxKind>>();

  /** @param entry absolute path of the script that child processes run. */
  constructor(options: ResolvedOptions, entry: string, levels: Levels) {
    this.#options = options;
    this.#entry = entry;
    this.#levels = levels;
  }

  /**
   * The kind for tasks of a type in a project. What of the host a process sees and whether it has a way to the network is fixed when
   * it starts, so that makes its kind; which hosts the way leads to is not.
   * @throws TaskSystemError `SANDBOX_UNAVAILABLE`.
   */
  of(type: ResolvedTaskType, project: string): SandboxKind {
    const { level } = this.#levels.choose(type);
    const directory = this.projectFolder(type, project);
    const ofType = this.#known.get(type) ?? new Map<string, SandboxKind>();
    this.#known.set(type, ofType);
    const known = ofType.get(directory ?? '');
    if (known !== undefined) return known;
    const read = [...type.sandbox.read, ...directory === undefined ? [] : [directory]];
    // Without walls there is nothing to see through: all types share their spares.
    const view = level === 'process' ? NO_VIEW : viewOf({ entry: this.#entry, root: this.#options.root, moduleUrl: type.moduleUrl, read });
    const kind: SandboxKind = { level, view, unixSockets: type.policy.network.hosts.length > 0, env: {} };
    ofType.set(directory ?? '', kind);
    return kind;
  }

  /** The kind of the first task type that can run: most apps have one for all. */
  first(): SandboxKind | undefined {
    for (const type of this.#options.types.values()) {
      try {
        return this.of(type, '');
      } catch {
        // What keeps it from running is said when one of its tasks is submitted.
      }
    }
    return undefined;
  }

  /** Whether a task of some type may get a way to the network; `where` it has none of its own, or anywhere. */
  hasNetwork(where: 'unconfined' | 'anywhere'): boolean {
    return [...this.#options.types.values()].some((type) => type.policy.network.hosts.length > 0 && (where === 'anywhere' || this.#isUnconfined(type)));
  }

  /** The directory of the project, where the task may look at it. */
  projectFolder({ policy }: ResolvedTaskType, project: string): string | undefined {
    return policy.project === 'read' ? this.#options.project(project).dir : undefined;
  }

  /** The environment of a task beside its allow-list. Where the loopback is named as a host, it is the host's and not the task's own. */
  environmentOf(type: ResolvedTaskType): Readonly<Record<string, string>> {
    const { hosts } = type.policy.network;
    if (hosts.length === 0) return type.env;
    const own = loopbackNamesOf(hosts).join(',');
    return { NO_PROXY: own, no_proxy: own, ...type.env };
  }

  #isUnconfined(type: ResolvedTaskType): boolean {
    try {
      return this.#levels.choose(type).level !== 'kernel';
    } catch {
      return false;
    }
  }
}
