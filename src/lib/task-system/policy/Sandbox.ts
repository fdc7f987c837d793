import { createHash } from 'node:crypto';
import { TaskSystemError } from '../types/Errors.ts';
import type { IsolationLevel } from '../types/Isolation.ts';
import { COMPILE_CACHE_VARIABLE } from './compileCache.ts';
import { childEnvironment } from './environment.ts';
import { PROXY_VARIABLE, type ProxyOrder } from './network/ProxyOrder.ts';
import { INNER_COMPILED, INNER_WORKSPACE, processArguments, type Mount } from './sandbox/bubblewrap.ts';
import type { Groundwork } from './sandbox/Groundwork.ts';
import type { LaunchPlan } from './sandbox/LaunchPlan.ts';
import { lookAround, type Machine } from './sandbox/Machine.ts';
import { OWNER_VARIABLE } from './sandbox/owners.ts';
import { permissionFlags } from './sandbox/permissionModel.ts';
import type { SandboxView } from './sandbox/SandboxView.ts';
import { FIRST_INPUT_FD } from './sandbox/spawnPlan.ts';

/** Marks in the environment of task processes, inherited by everything they start. */
export const MARKS = { root: 'TASK_SYSTEM_ROOT', host: 'TASK_SYSTEM_HOST', process: 'TASK_SYSTEM_PROCESS' } as const;

/**
 * Warnings about experimental features (type stripping on Node 22) are not the task's output. And no signal opens a debugger in a
 * task: the thread that waits for it would also cost each start.
 */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1'];

/** The mark of a root: the same for every host that opens it, and telling nothing of the host's paths. */
export function rootMarkOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 32);
}

/** Everything about a sandbox that is fixed when its process starts. Processes of one kind can take each other's place. */
export interface SandboxKind {
  readonly level: IsolationLevel;
  readonly view: SandboxView;
  /** Whether the task may open unix sockets, because it has a way to the network. Only at the level `kernel`; weaker levels cannot forbid it. */
  readonly unixSockets: boolean;
  /** Variables of the environment from the start on, beside the allow-list. */
  readonly env: Readonly<Record<string, string>>;
}

/** The way of one process to the hosts that its task may reach. */
export interface LaunchNetwork {
  readonly order: ProxyOrder;
  /** What of the host is put inside for it. */
  readonly mounts: readonly Mount[];
  /** Absolute path of the program that the process loads first. */
  readonly program: string;
}

/** What the sandbox needs to know to plan a launch. */
export interface LaunchRequest {
  readonly kind: SandboxKind;
  /** Absolute path of the child's entry script. */
  readonly entry: string;
  /** Arguments for it. @defaultValue none */
  readonly entryArguments?: readonly string[];
  /** The directory that becomes the task's workspace. */
  readonly directory: string;
  /** What the sandboxes of the level `kernel` stand on. */
  readonly groundwork: Pick<Groundwork, 'of'>;
  /** Absolute path of the folder with the compiled code of the entry script. @defaultValue none */
  readonly compiled?: string | undefined;
  /** What `rootMarkOf` says of the system's root. */
  readonly rootMark: string;
  /** Identity of the host instance. */
  readonly hostId: string;
  /** Identity of this process within the host. */
  readonly processId: string;
  /** Names of further environment variables that may pass. */
  readonly env: readonly string[];
  readonly niceness: number;
  /** @defaultValue no way to the network, as far as the level can stop it */
  readonly network?: LaunchNetwork;
  /** The user and group that the process becomes, where the host is root and the level is `kernel`; the directory belongs to it. */
  readonly owner?: number;
}

/** The name of a kind: the same for kinds that are the same. */
export function nameOfKind(kind: SandboxKind): string {
  return JSON.stringify(kind);
}

/**
 * Turns a request into the command that starts the child. This is the one place where isolation is decided: stronger levels
 * wrap the same Node command.
 * @throws TaskSystemError `SANDBOX_UNAVAILABLE` when a program that the level needs is not installed.
 */
export function planLaunch(request: LaunchRequest, machine: Machine = lookAround()): LaunchPlan {
  const { kind, entry, entryArguments = [], directory, niceness, rootMark, hostId, processId, network } = request;
  const marks = { [MARKS.root]: rootMark, [MARKS.host]: hostId, [MARKS.process]: processId };
  const flags = kind.level === 'permission-model' ? permissionFlags(kind.view, directory, network !== undefined) : [];
  // The permission model would have to let the task read the folder as well.
  const cache = request.compiled === undefined || kind.level === 'permission-model' ? {} : { [COMPILE_CACHE_VARIABLE]: kind.level === 'kernel' ? INNER_COMPILED : request.compiled };
  const plan: LaunchPlan = {
    command: process.execPath,
    args: [...NODE_FLAGS, ...flags, ...network === undefined ? [] : ['--require', network.program], entry, ...entryArguments],
    env: { ...cache, ...childEnvironment(request.env, marks), ...kind.env, ...network === undefined ? {} : { [PROXY_VARIABLE]: JSON.stringify(network.order) } },
    cwd: directory,
    niceness,
  };
  if (kind.level === 'kernel') return wrap(plan, request, machine);
  return kind.level === 'permission-model' ? { ...plan, isPathFixed: true } : plan;
}

/** Starts the entry script for the library itself: without a task's environment, and without the marks of one. */
export function planOwn(entry: string, env: Readonly<Record<string, string>>, niceness: number): LaunchPlan {
  return { command: process.execPath, args: [...NODE_FLAGS, entry], env, cwd: '/', niceness };
}

/** Puts bubblewrap around a command. */
function wrap(plan: LaunchPlan, { kind, directory, groundwork, owner, network, compiled }: LaunchRequest, machine: Machine): LaunchPlan {
  const { bubblewrap, syscalls, isRoot } = machine;
  if (bubblewrap === undefined || syscalls === undefined || (isRoot && owner === undefined)) {
    throw new TaskSystemError('SANDBOX_UNAVAILABLE', 'bubblewrap, the filter for this processor or (where the host is root) a user for the task is missing', { level: kind.level });
  }
  const ground = groundwork.of(nameOfKind(kind), { view: kind.view, unixSockets: kind.unixSockets, asRoot: isRoot, syscalls }, compiled);
  return {
    ...plan,
    env: { ...plan.env, ...isRoot ? { [OWNER_VARIABLE]: String(owner) } : {} },
    command: bubblewrap,
    args: ['--args', String(FIRST_INPUT_FD), ...processArguments(directory, network?.mounts ?? []), '--', plan.command, ...plan.args],
    inputs: ground,
    innerWorkspace: INNER_WORKSPACE,
    hasNamespace: true,
    // bubblewrap looks the directory up some time after the start.
    isPathFixed: true,
  };
}
