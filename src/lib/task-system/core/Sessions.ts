import { randomUUID } from 'node:crypto';
import type { Cgroups } from '../policy/cgroups/Cgroups.ts';
import type { TaskGroup } from '../policy/cgroups/TaskGroup.ts';
import { ResourceLimiter } from '../policy/ResourceLimiter.ts';
import { MARKS, nameOfKind, planLaunch, planOwn, rootMarkOf, type SandboxKind } from '../policy/Sandbox.ts';
import { Groundwork } from '../policy/sandbox/Groundwork.ts';
import { isolationOf } from '../policy/sandbox/isolation.ts';
import type { Levels } from '../policy/sandbox/Levels.ts';
import { lookAround } from '../policy/sandbox/Machine.ts';
import { Owners } from '../policy/sandbox/owners.ts';
import type { StartContext } from '../types/Context.ts';
import type { EventDraft } from '../types/Events.ts';
import type { TaskIsolation } from '../types/Isolation.ts';
import { systemClock, type Clock, type Logger, type ProcessSpawner } from '../types/Ports.ts';
import { MAX_MODEL_REQUEST_BYTES } from '../types/ModelCalls.ts';
import type { StartModels } from '../types/Models.ts';
import { PROTOCOL_VERSION } from '../types/Protocol.ts';
import type { ResolvedLimits, ResolvedOptions, ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import { modelProgramPath } from './childEntry.ts';
import { CompileCache } from './CompileCache.ts';
import { endMarked } from './endMarked.ts';
import type { Launcher } from './launch/Launcher.ts';
import { Networks } from './Networks.ts';
import type { Redactor } from '../tools/secrets/Redactor.ts';
import { familyOf } from './processTree.ts';
import { SandboxKinds } from './SandboxKinds.ts';
import { SparePool } from './SparePool.ts';
import { TaskProcess } from './TaskProcess.ts';
import { TaskSession, type SessionPorts } from './TaskSession.ts';
import { Undertaker } from './Undertaker.ts';
import { Workspaces, type Disposal } from './Workspaces.ts';

/** What the factory needs of its surroundings. */
export interface SessionsPorts {
  readonly options: ResolvedOptions;
  readonly hostId: string;
  readonly childEntry: string;
  readonly levels: Levels;
  readonly redactor: Redactor;
  readonly spawn: ProcessSpawner;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the session of an attempt tells the rest of the system. */
export type AttemptPorts = Pick<SessionPorts, 'emit' | 'warn' | 'call'> & {
  /** Stores events of the attempt, then emits them. */
  readonly record: (drafts: readonly EventDraft[]) => Promise<unknown>;
};

/** An attempt as far as its process depends on it. */
export type ReadiedTask = Pick<TaskRecord, 'id' | 'fence' | 'project'>;

/** A session as the engine sees it. */
export type RunningSession = Pick<TaskSession, 'run' | 'stop' | 'progress' | 'usage'>;

/** A session that is ready to run, and what to do with its directory afterwards. */
export interface OpenSession {
  readonly session: RunningSession;
  /** Absolute path of its directory. */
  readonly workspace: string;
  readonly isolation: TaskIsolation;
  /** What a person should know about it. */
  readonly warning: string | undefined;
  /** Call once the session is over. */
  readonly dispose: (disposal: Disposal) => void;
}

/** A process that has its workspace and loads the handler of an attempt. */
export interface ReadyProcess {
  readonly attemptName: string;
  readonly child: TaskProcess;
  readonly workspace: string;
}

/** What the engine needs to run attempts. */
export type SessionMaker = Pick<Sessions, 'ready' | 'prepare' | 'discard'>;

/** Makes sessions: owns the spare processes, the workspaces and the undertaker. */
export class Sessions {
  readonly workspaces: Workspaces;
  readonly #ports: SessionsPorts;
  readonly #spares: SparePool<SandboxKind>;
  readonly #kinds: SandboxKinds;
  readonly #networks: Networks;
  readonly #machine = lookAround();
  readonly #owners = new Owners();
  readonly #undertaker: Undertaker;
  readonly #compiled: CompileCache;
  readonly #limiter: ResourceLimiter;
  readonly #maxResultBytes: number;
  readonly #rootMark: string;
  /** Only where the host was given a part of the tree of control groups. */
  #groups: Cgroups | undefined;
  /** Directories that are no process's. */
  readonly #ownSlots: string[] = [];
  #groundwork: Groundwork | undefined;

  constructor(ports: SessionsPorts) {
    this.#ports = ports;
    this.workspaces = new Workspaces(ports.options.root, ports.clock, ports.logger);
    this.#kinds = new SandboxKinds(ports.options, ports.childEntry, ports.levels);
    this.#networks = new Networks(ports.options, ports.childEntry);
    this.#limiter = new ResourceLimiter([...ports.options.types.values()].map((type) => type.limits), ports.clock);
    // A frame has room for twice this; requests to models are no JSON within JSON.
    const requestBytes = ports.options.models.size === 0 ? 0 : MAX_MODEL_REQUEST_BYTES;
    this.#maxResultBytes = Math.max(requestBytes, ...[...ports.options.types.values()].map((type) => type.limits.resultBytes));
    this.#rootMark = rootMarkOf(ports.options.root);
    this.#undertaker = new Undertaker(`${MARKS.host}=${ports.hostId}`, ports.spawn, ports.logger);
    this.#compiled = new CompileCache(() => this.#ownSlot(), (env) => this.#startOwn(env), ports.clock);
    this.#spares = new SparePool(ports.options.queue.spares, nameOfKind, (kind) => this.#startProcess(kind), (spare) => { this.workspaces.dispose(spare.directory, 'remove'); });
  }

  /** How many processes wait for work. */
  get spares(): number {
    return this.#spares.size;
  }

  /** Ends what a host that was killed here may have left, prepares the directories, starts the spares. */
  async open(): Promise<void> {
    await endMarked(`${MARKS.root}=${this.#rootMark}`);
    await this.workspaces.open();
    // Not waited for: the first spares need not have it, and whoever opens the system would.
    void this.#ports.launcher.open(this.#ownSlot());
    await this.#openGroups();
    if (this.#kinds.hasNetwork('anywhere')) await this.#networks.open(this.#kinds.hasNetwork('unconfined'));
    const kind = this.#kinds.first();
    if (kind !== undefined) this.#spares.fill(kind);
  }

  /**
   * Takes a process for an attempt that may still be on its way to the disk, gives it the workspace and lets it load the handler.
   * @param task with the fence that the claim will have.
   * @param storing what must not be held up by the start of a successor.
   */
  async ready(task: ReadiedTask, type: ResolvedTaskType, storing?: Promise<unknown>): Promise<ReadyProcess> {
    const attemptName = `${task.id}.${String(task.fence)}`;
    const child = await this.#take(this.#kinds.of(type, task.project), storing);
    this.#confine(child, type.limits);
    const group = this.#groups?.of(child.id);
    if (group !== undefined) child.holdFor(group.limit(type.limits));
    try {
      const workspace = child.isPathFixed ? this.workspaces.adopt(child.directory) : this.workspaces.assign(child.directory, attemptName);
      const project = this.#kinds.projectFolder(type, task.project);
      const env = this.#kinds.environmentOf(type);
      child.send({ type: 'load', version: PROTOCOL_VERSION, moduleUrl: type.moduleUrl, workspace: child.workspaceInside(workspace), env, ...(project === undefined ? {} : { project }) });
      return { attemptName, child, workspace };
    } catch (error) {
      await child.destroy();
      this.workspaces.dispose(child.directory, 'remove');
      throw error;
    }
  }

  /** Ends a process whose attempt never came to be. */
  async discard({ child, workspace }: ReadyProcess): Promise<void> {
    await child.destroy();
    this.workspaces.dispose(workspace, 'remove');
  }

  /** Makes the session of an attempt, with the process that was readied for it or a new one. */
  async prepare(task: TaskRecord, type: ResolvedTaskType, context: StartContext, ports: AttemptPorts, readying = this.ready(task, type)): Promise<OpenSession> {
    const { attemptName, child, workspace } = await readying;
    await child.started;
    const { level, warning } = this.#ports.levels.choose(type);
    const group = this.#groups?.of(child.id);
    // Before it is said what holds the attempt; one that dies on its way never gets there.
    if (group !== undefined) await Promise.race([group.entered, child.exited]);
    const network = this.#networks.of(child.id);
    network?.access.grant({ hosts: type.policy.network.hosts, onDenied: (denial) => { ports.record([{ type: 'task:network:denied', data: denial }]).catch(() => undefined); } });
    const limiter = this.#limiter.watch({ pid: child.pid, processId: child.id, workspace, isClosed: child.hasNamespace, ...(group === undefined ? {} : { group }) }, type.limits);
    const session = new TaskSession(task, child, {
      workspace,
      logPath: this.workspaces.logPath(attemptName),
      timeoutMs: task.overrides.timeoutMs ?? type.timeoutMs,
      stopGraceMs: type.stopGraceMs,
      resultBytes: type.limits.resultBytes,
      context,
      ...modelsOf(this.#ports.options, type),
      outputBytes: type.limits.outputBytes,
    }, { ...ports, limiter, clock: this.#ports.clock, redactor: this.#ports.redactor, ...(network === undefined ? {} : { network }) });
    return {
      session, workspace, isolation: isolationOf(level, group?.held), warning: joined(warning, unheld(type.limits, group)),
      dispose: (disposal) => { this.workspaces.dispose(workspace, disposal, child.isPathFixed ? attemptName : undefined); },
    };
  }

  /** Ends the spares and the watch over them. No session may be running any more. */
  async close(): Promise<void> {
    await this.#spares.close();
    await this.#compiled.close();
    await this.#undertaker.close();
    await this.#ports.launcher.close();
    this.#networks.close();
    await this.#groups?.close();
    for (const slot of this.#ownSlots) this.workspaces.dispose(slot, 'remove');
    await this.workspaces.settle();
  }

  /** A process that is there, as far as can be known. */
  async #take(kind: SandboxKind, storing?: Promise<unknown>): Promise<TaskProcess> {
    const child = this.#spares.take(kind, storing);
    if (child.pid !== undefined) return child;
    // One that is only just being started stands in a directory that must not be renamed yet.
    await child.started;
    if (child.isThere) return child;
    // It died before it was known to be there.
    const other = this.#spares.take(kind, storing);
    await other.started;
    return other;
  }

  /** Nothing of a task runs in a process before its limits hold: not even the module of its handler. */
  #confine(child: TaskProcess, limits?: ResolvedLimits): void {
    const confine = (): Promise<void> | undefined => this.#limiter.kernel.confine(child.id, child.taskPid, limits);
    const work = child.isUp ? confine() : child.up.then(confine);
    if (work !== undefined) child.holdFor(work);
  }

  #startProcess(kind: SandboxKind): TaskProcess {
    const { options, hostId, childEntry, launcher, clock } = this.#ports;
    const processId = randomUUID();
    const owner = kind.level === 'kernel' && this.#machine.isRoot ? this.#owners.take() : undefined;
    const directory = this.workspaces.createSlot(processId, owner);
    const { env, niceness } = options.sandbox;
    const network = kind.unixSockets ? this.#networks.admit(processId, kind.level) : undefined;
    this.#groundwork ??= new Groundwork(this.#ownSlot());
    const plan = planLaunch({
      kind, entry: childEntry, directory, groundwork: this.#groundwork, compiled: this.#compiled.folder, hostId, rootMark: this.#rootMark, processId, env, niceness,
      ...(owner === undefined ? {} : { owner }), ...(network === undefined ? {} : { network }),
    }, this.#machine);
    const child = new TaskProcess(processId, this.#limiter.kernel.wrap(plan, processId, this.#networks.threadsOf(processId), !this.#kinds.hasNetwork('anywhere')), { launcher, clock, maxResultBytes: this.#maxResultBytes });
    this.#confine(child);
    void child.up.then(() => { this.#compiled.count(); });
    const groups = this.#groups;
    if (groups !== undefined) child.holdFor(groups.admit(processId, child.up.then(() => familyOf(child.pid))).entered);
    void child.exited.then(() => {
      this.#limiter.kernel.forget(processId);
      this.#networks.forget(processId);
      groups?.forget(processId);
    });
    void this.#watch(child);
    return child;
  }

  #startOwn(env: Readonly<Record<string, string>>): TaskProcess {
    const { options, childEntry, launcher, clock } = this.#ports;
    return new TaskProcess(randomUUID(), planOwn(childEntry, env, options.sandbox.niceness), { launcher, clock, maxResultBytes: this.#maxResultBytes });
  }

  #ownSlot(): string {
    const slot = this.workspaces.createSlot(randomUUID());
    this.#ownSlots.push(slot);
    return slot;
  }

  async #openGroups(): Promise<void> {
    const { options: { sandbox: { cgroup } }, spawn, logger } = this.#ports;
    if (cgroup === undefined) return;
    const { openCgroups } = await import('../policy/cgroups/openCgroups.ts');
    // What it waits for is the kernel: by the machine's own clock, whatever clock the system has.
    this.#groups = await openCgroups({ setting: cgroup, name: this.#rootMark, spawn, clock: systemClock });
    logger.info(`control groups hold of each task: ${this.#groups.held.join(', ') || 'nothing, only its processes together'}`);
  }

  /** What has a namespace ends with whoever started it, and by its mark: it has no group that could be left without both. */
  async #watch(child: TaskProcess): Promise<void> {
    await child.started;
    if (child.pid === undefined || child.hasNamespace) return;
    this.#undertaker.watch(child.pid);
    await child.exited;
    this.#undertaker.forget(child.pid);
  }
}

function joined(...texts: readonly (string | undefined)[]): string | undefined {
  const said = texts.filter((text) => text !== undefined);
  return said.length === 0 ? undefined : said.join(' ');
}

/** What the limits of a type ask for that nobody holds. */
function unheld({ cpus }: ResolvedLimits, group: TaskGroup | undefined): string | undefined {
  if (group?.problem !== undefined) return `its processes could not be put into a control group, so that they are only watched: ${group.problem.message}`;
  return cpus === false || group?.held.includes('cpu') === true ? undefined : '`limits.cpus` is not held: that takes `sandbox.cgroup` with the controller "cpu"';
}

/** Nothing in a system without models: most have none. */
function modelsOf({ models }: ResolvedOptions, type: ResolvedTaskType): { readonly models?: StartModels } {
  const names = type.models ?? [...models.keys()];
  return names.length === 0 ? {} : { models: { names, program: modelProgramPath() } };
}
