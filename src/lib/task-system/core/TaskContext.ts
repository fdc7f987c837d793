import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { LogLevel } from '../types/Events.ts';
import type { KeptFile, TaskContext, TaskLog, TaskWorkspace } from '../types/Handler.ts';
import { isBoundedJson, isJsonObject, parseJson, stringifyJson, type JsonValue } from '../types/Json.ts';
import type { StartedTask } from '../types/Protocol.ts';
import type { ChildMessage } from '../types/ProtocolSchema.ts';
import type { ToolPorts, ToolSet } from '../types/Tools.ts';
import { HandlerSubtasks } from './HandlerSubtasks.ts';
import { LazyContext, type LazyContextPorts } from './LazyContext.ts';
import { lazyModels, type LazyModelPorts } from './lazyModels.ts';
import { LazyTools } from './LazyTools.ts';

const MAX_LOG_TEXT = 8_192;
const MAX_MESSAGE = 4_096;
const MAX_DATA_TEXT = 16_384;

/** One report of progress. */
export type ProgressReport = Omit<Extract<ChildMessage, { readonly type: 'progress' }>, 'type'>;

/** What the context needs from the process it lives in. */
export interface ContextPorts extends LazyContextPorts, LazyModelPorts {
  readonly send: (message: ChildMessage) => void;
  readonly reportProgress: (report: ProgressReport) => void;
  /** Only read when somebody asks for it: it is one more thing that Node would have to load. */
  readonly signal: AbortSignal;
  /** The directory of the project, where the task may look at it. */
  readonly projectPath?: string;
  /** The tools of the handler's definition. */
  readonly tools?: ToolSet;
  /** Hears what tools print while they run. */
  readonly onToolOutput?: NonNullable<ToolPorts['onOutput']>;
}

/** Builds what a handler receives: a narrow view of the task, without anything of the host. */
export function createTaskContext(started: StartedTask, input: unknown, workspace: string, ports: ContextPorts): TaskContext<unknown> {
  const { input: _raw, ...task } = started;
  return {
    input,
    task,
    workspace: createWorkspace(workspace, ports),
    progress: (percent, message, data) => { ports.reportProgress(cleanProgress(percent, message, data)); },
    log: createLog(ports.send),
    context: new LazyContext(ports),
    model: lazyModels(ports),
    subtasks: new HandlerSubtasks(ports.call),
    tools: new LazyTools(() => ({ ...toolPorts(ports), task, workspace })),
    get signal() { return ports.signal; },
  };
}

function toolPorts({ call, signal, tools, projectPath, onToolOutput }: ContextPorts): Omit<ToolPorts, 'task' | 'workspace'> {
  return {
    call, signal, ...(tools === undefined ? {} : { tools }), ...(projectPath === undefined ? {} : { project: projectPath }),
    ...(onToolOutput === undefined ? {} : { onOutput: onToolOutput }),
  };
}

function createWorkspace(path: string, { projectPath, call }: ContextPorts): TaskWorkspace {
  return {
    path,
    ...(projectPath === undefined ? {} : { projectPath }),
    resolve: (...names) => join(path, wayTo(path, names)),
    keep: async (file) => readKept(await call('keep', { path: wayTo(path, [file]).replaceAll(sep, '/') })),
  };
}

/** The way from the workspace to a name in it. */
function wayTo(workspace: string, names: readonly string[]): string {
  const way = relative(workspace, resolve(workspace, ...names));
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) throw new TypeError(`"${names.join('/')}" lies outside the workspace of the task`);
  return way;
}

function readKept(value: JsonValue): KeptFile {
  const { path, bytes } = isJsonObject(value) ? value : {};
  if (typeof path === 'string' && typeof bytes === 'number') return { path, bytes };
  throw new TypeError('the host answered a keep without its file');
}

function createLog(send: (message: ChildMessage) => void): TaskLog {
  const write = (level: LogLevel) => (text: string, data?: JsonValue): void => {
    send({ type: 'log', level, text: asText(text, MAX_LOG_TEXT), ...smallData(data) });
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function cleanProgress(percent: number, message: string | undefined, data: JsonValue | undefined): ProgressReport {
  const bounded = Number.isFinite(percent) ? Math.min(Math.max(percent, 0), 100) : percent === Infinity ? 100 : 0;
  return { percent: bounded, ...(message === undefined ? {} : { message: asText(message, MAX_MESSAGE) }), ...smallData(data) };
}

/** Handlers in plain JavaScript pass what they have; a report must never break the task that makes it. */
function asText(value: unknown, maxLength: number): string {
  return (typeof value === 'object' && value !== null ? describe(value) : String(value)).slice(0, maxLength);
}

function describe(value: object): string {
  try {
    return stringifyJson(value) ?? '';
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Data rides along only when it is JSON, small, and not nested so deep that the host would refuse it. */
function smallData(data: JsonValue | undefined): { data?: JsonValue } {
  if (data === undefined) return {};
  try {
    const text = stringifyJson(data);
    if (text === undefined || text.length > MAX_DATA_TEXT) return {};
    const copy = parseJson(text);
    return isBoundedJson(copy) ? { data: copy } : {};
  } catch {
    return {};
  }
}
