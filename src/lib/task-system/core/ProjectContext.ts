import { readContextFiles } from '../context/files/readContextFiles.ts';
import type { MemoryEntry } from '../context/memory/MemoryEntry.ts';
import type { MemoryManager, MemoryWritten } from '../context/MemoryManager.ts';
import type { StartContext } from '../types/Context.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { EventDraft } from '../types/Events.ts';
import type { Caller } from '../types/HostCalls.ts';
import { isJsonObject, parseJson, type JsonValue } from '../types/Json.ts';
import type { Logger } from '../types/Ports.ts';
import type { ResolvedContext, ResolvedOptions, ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { Settlement, TaskRecord } from '../types/TaskStore.ts';
import { parseContextReport } from './contextReport.ts';
import { listFiles } from './listFiles.ts';

const MAX_NOTES = 32;
const MAX_NOTE_CHARACTERS = 8_192;
const MAX_DIFF = 8_192;
const TITLE_FIELDS = ['title', 'topic', 'name', 'subject', 'question', 'prompt'];

/** What the host does about the context files of projects. */
export interface ProjectContextPorts {
  readonly options: ResolvedOptions;
  readonly memory: MemoryManager;
  /** The type of a task, with what its ancestors narrow. */
  readonly findType: (task: TaskRecord) => ResolvedTaskType | undefined;
  /** Absolute path of the program by which children build their context. */
  readonly program: string;
  readonly logger: Logger;
}

/** Stores events of an attempt, then emits them. */
type RecordEvents = Caller['record'];

interface Note {
  readonly text: string;
  readonly files: readonly string[];
}

const NOTHING = { files: [], problems: [] } as const;

/**
 * The host's part of a project's context: reads its files before an attempt, takes what a task wants to be remembered, and writes
 * the entry of a task that has ended, just before its outcome is stored. Nothing of it ever fails a task.
 */
export class ProjectContext {
  readonly #ports: ProjectContextPorts;
  readonly #notes = new Map<string, Note[]>();

  constructor(ports: ProjectContextPorts) {
    this.#ports = ports;
  }

  /** What the child of an attempt is given. Without a directory, or without files that are wanted, nothing is read. */
  async read(task: TaskRecord, type: ResolvedTaskType, record: RecordEvents): Promise<StartContext> {
    const { dir, context } = this.#ports.options.project(task.project);
    const names = task.overrides.contextFiles ?? type.contextFiles;
    const wanted = context.files.filter(({ name }) => (names === undefined || names.includes(name)) && (name !== context.memoryFile || type.memory !== 'none'));
    const { files, problems } = dir === undefined || wanted.length === 0 ? NOTHING : await readContextFiles(dir, wanted, context.maxFileBytes);
    for (const problem of problems) await this.#warn(task, 'CONTEXT_FILE', problem, record);
    return { files, maxTokens: type.contextTokens ?? context.maxTokens, maxFileTokens: context.maxFileTokens, encoding: context.encoding, program: this.#ports.program };
  }

  /** Answers `context.remember`. */
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is an answer
  async remember({ task }: Pick<Caller, 'task'>, params: JsonValue): Promise<null> {
    const type = this.#ports.findType(task);
    if (type?.memory !== 'write') throw new TaskSystemError('MEMORY_FORBIDDEN', `Task ${task.id} is of type "${task.type}"`, { taskId: task.id, type: task.type });
    const note = readNote(params);
    const notes = this.#notes.get(task.id) ?? [];
    if (note === undefined || notes.length >= MAX_NOTES) {
      throw new TaskSystemError('MEMORY_FORBIDDEN', `Task ${task.id}: up to ${String(MAX_NOTES)} texts of ${String(MAX_NOTE_CHARACTERS)} characters`, { taskId: task.id });
    }
    this.#notes.set(task.id, [...notes, note]);
    return null;
  }

  /** Answers what a child reports of the context it has built: stores it as `task:context`. */
  async report({ record }: Pick<Caller, 'record'>, params: JsonValue): Promise<null> {
    await record([{ type: 'task:context', data: parseContextReport(params) }]);
    return null;
  }

  /**
   * What has to be kept of an attempt whose task goes on waiting for its children, to be written when it has ended; undefined when nothing
   * may be. The attempt is forgotten.
   */
  keep(task: TaskRecord): string | undefined {
    const notes = this.#take(task);
    return this.#target(task) === undefined ? undefined : JSON.stringify(notes);
  }

  /** Writes what is to be remembered of a task whose attempt is about to be settled, or which has ended. Never rejects. */
  async finish(task: TaskRecord, settlement: Settlement, workspace: string | undefined, record: RecordEvents): Promise<void> {
    const notes = this.#take(task);
    const target = this.#target(task);
    if (target === undefined) return;
    const { dir, context, type } = target;
    if (settlement.to !== 'completed' && !(settlement.to === 'failed' && type.rememberFailures)) return;
    try {
      const entry = await entryOf(task, settlement, notes, workspace);
      if (entry === undefined) return;
      const written = await this.#ports.memory.write(targetOf(dir, context), entry);
      if (written.reason !== undefined) await this.#warn(task, written.reason.code, written.reason.message, record);
      if (written.kind !== 'known') await record([memoryEvent(context, written)]);
    } catch (error) {
      await this.#warn(task, TaskSystemError.isInstance(error) ? error.code : 'MEMORY_FAILED', serializeError(error).message, record);
    }
  }

  /** What was noted of a task, before and by this attempt. */
  #take(task: TaskRecord): readonly Note[] {
    const notes = this.#notes.get(task.id) ?? [];
    this.#notes.delete(task.id);
    return task.notesJson === undefined ? notes : [...storedNotes(task.notesJson), ...notes].slice(0, MAX_NOTES);
  }

  /** Where the memory of a task is, when it may write there. */
  #target(task: TaskRecord): { readonly dir: string; readonly context: ResolvedContext; readonly type: ResolvedTaskType } | undefined {
    const type = this.#ports.findType(task);
    const { dir, context } = this.#ports.options.project(task.project);
    return dir === undefined || type?.memory !== 'write' ? undefined : { dir, context, type };
  }

  async #warn(task: TaskRecord, code: string, message: string, record: RecordEvents): Promise<void> {
    this.#ports.logger.warn(`task ${task.id}: ${message}`, { code });
    await record([{ type: 'task:warning', data: { code, message } }]).catch(() => false);
  }
}

function targetOf(directory: string, context: ResolvedContext): Parameters<MemoryManager['write']>[0] {
  return { directory, file: context.memoryFile, archive: context.archiveFile, maxTokens: context.memoryTokens };
}

function memoryEvent(context: ResolvedContext, written: MemoryWritten): EventDraft {
  const join = (lines: readonly string[]): string => lines.join('\n').slice(0, MAX_DIFF);
  const file = written.kind === 'archived' ? context.archiveFile : context.memoryFile;
  return { type: 'task:memory', data: { file, added: join(written.added), removed: join(written.removed), archived: written.evicted } };
}

/** A child of another task has an entry only when it says something: the line about its parent speaks for it. */
async function entryOf(task: TaskRecord, settlement: Settlement, notes: readonly Note[], workspace: string | undefined): Promise<MemoryEntry | undefined> {
  const result = settlement.resultJson === undefined ? undefined : parseJson(settlement.resultJson);
  const summary = isJsonObject(result) && typeof result['summary'] === 'string' && result['summary'].trim() !== '' ? result['summary'] : undefined;
  const hasFailed = settlement.to === 'failed';
  if (notes.length === 0 && summary === undefined && task.parentId !== undefined && !hasFailed) return undefined;
  const texts = hasFailed ? [] : [...notes.map(({ text }) => text), ...(summary === undefined ? [] : [summary])];
  const [first, ...rest] = texts;
  const named = [...notes.flatMap(({ files }) => files), ...(isJsonObject(result) ? textsOf(result['files']) : [])];
  const files = named.length > 0 || workspace === undefined ? named : await listFiles(workspace);
  return {
    taskId: task.id,
    time: settlement.time,
    type: task.type,
    outcome: hasFailed ? 'failed' : 'completed',
    summary: first ?? plainLine(task, settlement),
    source: first === undefined ? 'recorded' : notes.length > 0 ? 'noted' : 'summary',
    notes: rest,
    files: hasFailed ? [] : files,
  };
}

/** What can be said of any task, from fields that are known: never text of a tool or of an error. */
function plainLine(task: TaskRecord, settlement: Settlement): string {
  const title = titleOf(parseJson(task.inputJson)) ?? titleOf(task.metadata);
  const code = settlement.to === 'failed' ? ` with ${settlement.error?.code ?? 'an error'}` : '';
  const seconds = Math.max(0, settlement.time - (task.startedAt ?? settlement.time)) / 1_000;
  return `${title === undefined ? 'no title' : JSON.stringify(title)}${code} in ${seconds.toFixed(1)} s`;
}

function titleOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value.slice(0, 120);
  if (!isJsonObject(value)) return undefined;
  const found = TITLE_FIELDS.map((field) => value[field]).find((text) => typeof text === 'string' && text !== '');
  return typeof found === 'string' ? found.slice(0, 120) : undefined;
}

function readNote(params: JsonValue): Note | undefined {
  if (!isJsonObject(params)) return undefined;
  const { text, files } = params;
  if (typeof text !== 'string' || text.trim() === '' || text.length > MAX_NOTE_CHARACTERS) return undefined;
  return { text, files: textsOf(files).slice(0, 100).map((name) => name.slice(0, 1_024)) };
}

function storedNotes(json: string): readonly Note[] {
  const notes = parseJson(json);
  return (Array.isArray(notes) ? notes : []).map(readNote).filter((note) => note !== undefined);
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
