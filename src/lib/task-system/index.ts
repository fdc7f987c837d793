import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { MemoryManager } from './context/MemoryManager.ts';
import { Approvals } from './core/Approvals.ts';
import { Artifacts } from './core/Artifacts.ts';
import { childEntryPath, contextProgramPath } from './core/childEntry.ts';
import { CoreSystem } from './core/CoreSystem.ts';
import { createIdGenerator, pooledBytes, type GenerateId } from './core/ids.ts';
import { Janitor } from './core/Janitor.ts';
import { DirectLauncher } from './core/launch/DirectLauncher.ts';
import { HelperLauncher } from './core/launch/HelperLauncher.ts';
import type { Launcher } from './core/launch/Launcher.ts';
import { defaultLogger } from './core/logger.ts';
import { openMcp } from './core/mcpTools.ts';
import { ProjectContext } from './core/ProjectContext.ts';
import { Sessions } from './core/Sessions.ts';
import { createSpending } from './core/spending.ts';
import { Submitter } from './core/Submitter.ts';
import { TaskFollower } from './core/TaskFollower.ts';
import { TaskQueue } from './core/TaskQueue.ts';
import { TaskRunner } from './core/TaskRunner.ts';
import { readHostTools, ToolBroker } from './core/ToolBroker.ts';
import { LifecycleHooks } from './hooks/LifecycleHooks.ts';
import { WebhookManager } from './hooks/WebhookManager.ts';
import { examine } from './policy/sandbox/doctor.ts';
import { Levels } from './policy/sandbox/Levels.ts';
import { probeLevels } from './policy/sandbox/probeLevels.ts';
import { TaskEvents } from './realtime/EventEmitter.ts';
import { attachWebSocket, type WebSocketAttachment, type WebSocketOptions } from './realtime/WebSocketServer.ts';
import { openSqliteStore } from './store/SqliteStore.ts';
import { InheritedTypes } from './subtask/InheritedTypes.ts';
import { SubTaskManager } from './subtask/SubTaskManager.ts';
import type { ReadTool } from './tools/readTools.ts';
import { Redactor } from './tools/secrets/Redactor.ts';
import { TaskHierarchy } from './subtask/TaskHierarchy.ts';
import type { TaskSystemOptions } from './types/Options.ts';
import { parseTaskSystemOptions } from './types/parseOptions.ts';
import { systemClock, type Clock, type Logger, type ProcessSpawner } from './types/Ports.ts';
import type { ResolvedOptions } from './types/ResolvedOptions.ts';
import type { TaskSystemCore } from './types/System.ts';
import type { TaskStore } from './types/TaskStore.ts';

/** What tests may put in place of the real thing. */
export interface TaskSystemDeps {
  readonly clock: Clock;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly generateId: GenerateId;
  readonly spawn: ProcessSpawner;
  /** Absolute path of the script that child processes run. */
  readonly childEntry: string;
  readonly openStore: (options: ResolvedOptions, logger: Logger) => Promise<TaskStore>;
}

/** A task system: what `createTaskSystem` returns. */
export interface TaskSystem extends TaskSystemCore {
  /**
   * Serves the live feed on an existing HTTP server, beside its own routes and upgrade handlers.
   * @throws TaskSystemError `PATH_TAKEN`, `SERVER_CLOSED`, `OPTIONS_INVALID`, `SYSTEM_CLOSED`.
   */
  attachWebSocket<Identity>(server: HttpServer | HttpsServer, options?: WebSocketOptions<Identity>): WebSocketAttachment;
}

/**
 * Opens a task system on `options.root` and takes over what an earlier one left there: tasks that were running when it died are
 * queued again.
 * @throws TaskSystemError `OPTIONS_INVALID`, `TOOL_INVALID`, or a `STORE_…` code when the database cannot be used.
 */
export async function createTaskSystem(options: TaskSystemOptions, deps: Partial<TaskSystemDeps> = {}): Promise<TaskSystem> {
  const resolved = parseTaskSystemOptions(options);
  const tools = new Map(readHostTools(resolved.tools));
  const logger = resolved.logger ?? defaultLogger;
  const seams = { ...realDeps(), ...deps };
  const store = await seams.openStore(resolved, logger);
  let levels: Levels;
  try {
    levels = await findLevels(resolved, logger, seams);
  } catch (error) {
    await store.close();
    throw error;
  }
  const system = wire(resolved, logger, seams, store, levels, tools);
  system.closeWith(await openMcp(resolved, tools, logger));
  try {
    await system.open();
  } catch (error) {
    await system.close({ graceMs: 0 });
    throw error;
  }
  return system;
}

/** Finds out which isolation works here, and says so in one line. */
async function findLevels(options: ResolvedOptions, logger: Logger, { childEntry, spawn: start, clock }: TaskSystemDeps): Promise<Levels> {
  const forced = [options.sandbox.level, ...[...options.types.values()].map((type) => type.sandbox.level ?? options.sandbox.level)];
  const isOpen = forced.includes(undefined) && options.sandbox.level === undefined;
  const reports = await probeLevels(forced.filter((level) => level !== undefined), isOpen, { entry: childEntry, root: options.root, spawn: start, clock });
  const levels = new Levels(options.sandbox, reports);
  levels.check();
  const level = options.sandbox.level ?? levels.strongest;
  const say = level === 'kernel' || !isOpen ? 'info' : 'warn';
  logger[say](`isolation of tasks: ${level}`, { problems: reports.flatMap(({ problems }) => problems.map(({ what }) => what)) });
  return levels;
}

function realDeps(): TaskSystemDeps {
  return {
    clock: systemClock,
    random: Math.random,
    generateId: createIdGenerator(() => Date.now(), pooledBytes(randomBytes)),
    spawn,
    childEntry: childEntryPath(),
    openStore: (options, logger) => openSqliteStore({ directory: options.root, lockTimeoutMs: options.storage.lockTimeoutMs, logger }),
  };
}

/** The composition root: every part is made here and handed what it needs. */
function wire(options: ResolvedOptions, logger: Logger, seams: TaskSystemDeps, store: TaskStore, levels: Levels, tools: ReadonlyMap<string, ReadTool>): WiredSystem {
  const { clock, random, generateId, childEntry } = seams;
  const hostId = randomUUID();
  const events = new TaskEvents({
    epoch: store.epoch, offset: store.openingOffset, clock, logger, readSince: (offset, limit, taskId) => store.readEvents(offset, limit, taskId),
  });
  const hooks = new LifecycleHooks({ clock, logger, listeners: options.hooks });
  const webhooks = new WebhookManager({ options: options.webhooks, outbox: store.outbox, clock, random, logger, hostId, generateId });
  const queue = new TaskQueue(options.queue.maxConcurrent, options.project);
  const redactor = new Redactor(options.secrets);
  const sessions = new Sessions({ options, hostId, childEntry, levels, redactor, spawn: seams.spawn, launcher: launcherOf(seams.spawn, logger), clock, logger });
  const context = new ProjectContext({ options, findType: (task) => subtasks.findType(task), memory: new MemoryManager(), program: contextProgramPath(), logger });
  const follower = new TaskFollower(events);
  const subtasks: SubTaskManager = new SubTaskManager({
    store,
    spawner: { spawn: (parent, submission) => system.spawn(parent, submission) },
    onEnd: (taskId, listener) => follower.onEnd(taskId, listener),
    types: new InheritedTypes(options.types, (type) => levels.choose(type).level),
  });
  const approvals = new Approvals({ store, emit: (event) => { events.emit(event); }, askHooks: (task, approval) => hooks.runApproval(task, approval), clock, logger });
  const broker = new ToolBroker({ tools, policyOf: (task) => subtasks.findType(task)?.policy, ask: approvals.ask, redactor, clock, logger });
  const artifacts = new Artifacts({ root: options.root, limitsOf: (task) => subtasks.findType(task)?.limits, find: (taskId) => store.get(taskId), logger });
  const spending = createSpending({ options, store, findType: (task) => subtasks.findType(task), clock, random, logger });
  const runner: TaskRunner = new TaskRunner({
    options, hostId, store, events, queue, sessions, clock, random, logger,
    context, artifacts, subtasks, follower, redactor,
    calls: {
      keep: (caller, params) => artifacts.keep(caller, params),
      spawn: (caller, params) => subtasks.spawn(caller, params),
      wait: (caller, params) => subtasks.wait(caller, params),
      outcome: (caller, params) => subtasks.outcome(caller, params),
      children: (caller) => subtasks.children(caller),
      remember: (caller, params) => context.remember(caller, redactor.values(params)),
      context: (caller, params) => context.report(caller, params),
      model: spending.model,
      toolStart: spending.asToolCall(broker.start),
      toolEnd: broker.end,
      toolRun: spending.asToolCall(broker.run),
      toolList: broker.list,
    },
  });
  const hierarchy = new TaskHierarchy({
    families: store.families, clock, logger, reported: (taskId) => runner.progressOf(taskId)?.percent, emit: (subject, draft) => { events.emitTransient(subject, draft); },
  });
  const submitter: Submitter = new Submitter({ options, store, queue, runner, hooks, subtasks, clock, generateId, levels });
  const janitor = new Janitor({ options, store, workspaces: sessions.workspaces, artifacts, clock, logger });
  const system: WiredSystem = new WiredSystem({ options, store, events, hooks, webhooks, queue, sessions, runner, submitter, janitor, artifacts, approvals, hierarchy, clock, examine: () => examine({ entry: childEntry, root: options.root, spawn: seams.spawn, clock }, options) }, clock, logger);
  return system;
}

/** On Linux a small process starts processes for the host. A test's way to start them is known to the host's own thread only. */
function launcherOf(start: ProcessSpawner, logger: Logger): Launcher {
  const direct = new DirectLauncher(start);
  return start === spawn && process.platform === 'linux' ? new HelperLauncher(direct, logger) : direct;
}

/** Adds the live feed to the core, which does not know it. */
class WiredSystem extends CoreSystem implements TaskSystem {
  readonly #attachments = new Set<WebSocketAttachment>();
  readonly #parts: { readonly close: () => Promise<void> }[] = [];
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(parts: ConstructorParameters<typeof CoreSystem>[0], clock: Clock, logger: Logger) {
    super(parts);
    this.#clock = clock;
    this.#logger = logger;
  }

  attachWebSocket<Identity>(server: HttpServer | HttpsServer, options: WebSocketOptions<Identity> = {}): WebSocketAttachment {
    this.assertOpen();
    const attachment = attachWebSocket(server, options, {
      events: this.events, clock: this.#clock, logger: this.#logger, control: this,
    });
    this.#attachments.add(attachment);
    return attachment;
  }

  /** Closes something together with the system. */
  closeWith(part: { readonly close: () => Promise<void> } | undefined): void {
    if (part !== undefined) this.#parts.push(part);
  }

  protected override async detachAll(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()));
    await Promise.all([...this.#attachments].map((attachment) => attachment.detach()));
  }
}
