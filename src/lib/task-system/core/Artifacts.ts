import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { EventDraft } from '../types/Events.ts';
import type { Caller } from '../types/HostCalls.ts';
import { isJsonObject, type JsonValue } from '../types/Json.ts';
import type { Logger } from '../types/Ports.ts';
import type { ResolvedLimits } from '../types/ResolvedOptions.ts';
import type { TaskArtifact } from '../types/System.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import { AttemptMarks } from './artifacts/AttemptMarks.ts';
import { refused } from './artifacts/KeptFile.ts';
import { moveKept } from './artifacts/moveKept.ts';

/** How many tasks' directories are looked at in one round of tidying up. */
const SWEEP_BATCH = 1_000;
/** `<task id>.<fence>`: moved, but their attempt is not settled yet. */
const STAGED = /^(.+)\.(\d+)$/;

/** What artifacts need of their surroundings. */
export interface ArtifactsPorts {
  /** Absolute path of the system's directory. */
  readonly root: string;
  /** What a task may keep; undefined for one whose type is gone. */
  readonly limitsOf: (task: TaskRecord) => ResolvedLimits | undefined;
  readonly find: (taskId: string) => Promise<TaskRecord | undefined>;
  readonly logger: Logger;
}

const NOTHING = { artifacts: 0, artifactsMb: 0 };

type RecordEvents = (drafts: readonly EventDraft[]) => Promise<unknown>;

/**
 * The files that outlive their tasks, under `<root>/artifacts/<task id>`. A file is marked while the task runs, moved when all its
 * processes are gone, and shown once the attempt is settled; the files of an attempt that does not count never are.
 */
export class Artifacts {
  readonly #ports: ArtifactsPorts;
  readonly #directory: string;
  readonly #marks = new Map<string, AttemptMarks>();
  /** Directories of attempts that are not settled yet. */
  readonly #staged = new Set<string>();
  #sweptTo = '';

  constructor(ports: ArtifactsPorts) {
    this.#ports = ports;
    this.#directory = join(ports.root, 'artifacts');
  }

  /** Finishes what a host was doing when it died: shows the files of attempts that were settled, and removes the others. */
  async open(): Promise<void> {
    for (const name of await this.#names()) {
      const [, taskId, fence] = STAGED.exec(name) ?? [];
      if (taskId === undefined) continue;
      const task = await this.#ports.find(taskId);
      if (task !== undefined && String(task.fence) === fence && isSettled(task)) await this.#show(task.id, name);
      else await this.#remove(name);
    }
  }

  /**
   * Answers a task that wants to keep a file of its workspace: checks it, and remembers what it is.
   * @throws TaskSystemError `ARTIFACT_REFUSED`, `ARTIFACT_LIMIT`.
   */
  async keep({ task, workspace, signal }: Pick<Caller, 'task' | 'workspace' | 'signal'>, params: JsonValue): Promise<JsonValue> {
    const path = isJsonObject(params) ? params['path'] : undefined;
    if (typeof path !== 'string') throw refused('', 'is not the path of a file');
    if (signal.aborted) throw refused(path, 'comes too late: the attempt is being stopped');
    const name = stagedName(task);
    const marks = this.#marks.get(name) ?? new AttemptMarks(this.#ports.limitsOf(task) ?? NOTHING);
    this.#marks.set(name, marks);
    const { identity } = await marks.add(workspace, path);
    if (this.#marks.get(name) !== marks) throw refused(path, 'comes too late: the attempt is over');
    return { path, bytes: identity.bytes };
  }

  /**
   * Takes the marked files of an attempt whose processes are gone out of its workspace. What cannot be taken is told as `task:warning`.
   * Never rejects.
   */
  async take(task: TaskRecord, workspace: string | undefined, record: RecordEvents): Promise<void> {
    const name = stagedName(task);
    const marks = this.#marks.get(name)?.all ?? [];
    this.#marks.delete(name);
    if (workspace === undefined) return;
    if (marks.length > 0) this.#staged.add(name);
    for (const mark of marks) {
      try {
        await moveKept(workspace, mark, join(this.#directory, name));
      } catch (error) {
        const code = TaskSystemError.isInstance(error) ? error.code : 'ARTIFACT_REFUSED';
        const { message } = serializeError(error);
        this.#ports.logger.warn(`task ${task.id}: ${message}`, { code });
        await record([{ type: 'task:warning', data: { code, message } }]).catch(() => false);
      }
    }
  }

  /** Shows what was taken of an attempt, or removes it when the attempt does not count. Never rejects. */
  async settle(task: TaskRecord, settled: TaskRecord | undefined): Promise<void> {
    const name = stagedName(task);
    this.#marks.delete(name);
    if (!this.#staged.delete(name)) return;
    try {
      if (settled !== undefined && isSettled(settled)) await this.#show(task.id, name);
      else await this.#remove(name);
    } catch (error) {
      this.#ports.logger.error(`the artifacts of task ${task.id} cannot be shown; they stay in ${name}`, { error: serializeError(error) });
    }
  }

  /**
   * The files that a task has kept, by path.
   * @throws TaskSystemError `TASK_NOT_FOUND`.
   */
  async list(taskId: string): Promise<readonly TaskArtifact[]> {
    if (await this.#ports.find(taskId) === undefined) throw new TaskSystemError('TASK_NOT_FOUND', `Id: ${taskId}`, { taskId });
    const folder = join(this.#directory, taskId);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ifMissing([]));
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const artifacts = await Promise.all(files.map(async (file) => ({
      path: file.slice(folder.length + 1).replaceAll('\\', '/'), bytes: (await stat(file)).size, file, stream: () => createReadStream(file),
    })));
    return artifacts.sort((left, right) => (left.path < right.path ? -1 : 1));
  }

  /** Removes the files of tasks that are not there any more; a thousand tasks are looked at in one call. */
  async sweep(): Promise<void> {
    const names = (await this.#names()).filter((name) => !STAGED.test(name) && name > this.#sweptTo).sort().slice(0, SWEEP_BATCH);
    for (const name of names) {
      if (await this.#ports.find(name) === undefined) await this.#remove(name);
    }
    this.#sweptTo = names.length < SWEEP_BATCH ? '' : names.at(-1) ?? '';
  }

  async #names(): Promise<readonly string[]> {
    return readdir(this.#directory).catch(ifMissing([]));
  }

  /** A task that ran before its children and runs again after them keeps the files of both; of the same path, the later. */
  async #show(taskId: string, staged: string): Promise<void> {
    const [from, to] = [join(this.#directory, staged), join(this.#directory, taskId)];
    const files = await readdir(from, { recursive: true, withFileTypes: true }).catch(ifMissing([]));
    if (files.length === 0) return;
    if (await rename(from, to).then(() => true, () => false)) return;
    for (const entry of files.filter((file) => file.isFile())) {
      const folder = join(to, entry.parentPath.slice(from.length));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await rename(join(entry.parentPath, entry.name), join(folder, entry.name));
    }
    await this.#remove(staged);
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }
}

function stagedName({ id, fence }: Pick<TaskRecord, 'id' | 'fence'>): string {
  return `${id}.${String(fence)}`;
}

/** Whether the newest attempt of a task counts: it has ended the task, or waits for its children, or they have ended and the join is next. */
function isSettled({ state, isJoining }: TaskRecord): boolean {
  return state === 'queued' ? isJoining === true : state !== 'running';
}

/** For promises of files that need not be there. @throws what is another failure. */
function ifMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value;
    throw error;
  };
}
