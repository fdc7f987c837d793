import { deserializeError, TaskSystemError } from '../types/Errors.ts';
import type { TaskSubtasks } from '../types/Handler.ts';
import { isBoundedJson, isJsonObject, MAX_JSON_DEPTH, parseJson, type JsonValue } from '../types/Json.ts';
import type { SubmitOptions } from '../types/Options.ts';
import type { HostMethod } from '../types/Protocol.ts';
import type { Subtask, SubtaskOutcome } from '../types/Subtasks.ts';

/** A condition that the host is asked to wait for, and who waits for it here. */
interface Wait {
  readonly until: 'settled' | 'all' | 'any';
  readonly ids: readonly string[];
  readonly resolve: (decided: Decided) => void;
  readonly reject: (error: unknown) => void;
}

/** The child that decided a condition, if one did. */
interface Decided {
  readonly done?: string;
  readonly failed?: string;
}

/** The children of a task as its handler sees them. However many of them it waits for, the host is asked to wait once. */
export class HandlerSubtasks implements TaskSubtasks {
  readonly #call: (method: HostMethod, params: JsonValue) => Promise<JsonValue>;
  readonly #spawned: Subtask[] = [];
  readonly #waits = new Set<Wait>();
  #isScheduled = false;

  constructor(call: (method: HostMethod, params: JsonValue) => Promise<JsonValue>) {
    this.#call = call;
  }

  readonly spawn = async (submission: Omit<SubmitOptions, 'parentId'>): Promise<Subtask> => {
    const id = readId(await this.#call('spawn', toJson(submission)));
    const known = this.#spawned.find((child) => child.id === id);
    if (known !== undefined) return known;
    const child: Subtask = { id, result: () => this.#resultOf(id) };
    this.#spawned.push(child);
    return child;
  };

  readonly all = async (children: readonly Subtask[] = this.#spawned): Promise<readonly JsonValue[]> => {
    const ids = idsOf(children);
    const { failed } = await this.#until('all', ids);
    if (failed !== undefined) throw failureOf(await this.#outcome(failed));
    return Promise.all(ids.map(async (id) => (await this.#outcome(id)).result ?? null));
  };

  readonly settled = async (children: readonly Subtask[] = this.#spawned): Promise<readonly SubtaskOutcome[]> => {
    const ids = idsOf(children);
    await this.#until('settled', ids);
    return Promise.all(ids.map((id) => this.#outcome(id)));
  };

  readonly any = async (children: readonly Subtask[] = this.#spawned): Promise<JsonValue> => {
    const ids = idsOf(children);
    const { done } = await this.#until('any', ids);
    if (done !== undefined) return (await this.#outcome(done)).result ?? null;
    const outcomes = await Promise.all(ids.map((id) => this.#outcome(id)));
    const [first] = outcomes;
    throw first === undefined ? new TaskSystemError('TASK_CHILD_FAILED', 'There is no child that could complete') : failureOf(first);
  };

  /** What became of all children, also of those that an earlier attempt spawned. They must have ended. */
  async outcomes(): Promise<readonly SubtaskOutcome[]> {
    const ids = await this.#call('children', null);
    return Promise.all((Array.isArray(ids) ? ids : []).filter((id) => typeof id === 'string').map((id) => this.#outcome(id)));
  }

  async #resultOf(id: string): Promise<JsonValue> {
    await this.#until('settled', [id]);
    const outcome = await this.#outcome(id);
    if (outcome.state === 'completed') return outcome.result ?? null;
    throw failureOf(outcome);
  }

  async #outcome(id: string): Promise<SubtaskOutcome> {
    const value = await this.#call('outcome', { id });
    if (isOutcome(value)) return value;
    throw new TaskSystemError('TASK_PROTOCOL', `The host does not know what became of child ${id}`, { childId: id });
  }

  #until(until: Wait['until'], ids: readonly string[]): Promise<Decided> {
    if (ids.length === 0) return Promise.resolve({});
    const { promise, resolve, reject } = Promise.withResolvers<Decided>();
    this.#waits.add({ until, ids, resolve, reject });
    this.#schedule();
    return promise;
  }

  /** What is waited for in one turn goes to the host in one call, which takes the place of the one before. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waits.size > 0) void this.#ask([...this.#waits]);
    });
  }

  async #ask(waits: readonly Wait[]): Promise<void> {
    try {
      const met = readMet(await this.#call('wait', { conditions: waits.map(({ until, ids }) => ({ until, ids: [...ids] })) }));
      for (const { index, ...decided } of met) {
        const wait = waits[index];
        if (wait !== undefined && this.#waits.delete(wait)) wait.resolve(decided);
      }
      // What is left is waited for again, once the handler has used what it got.
      if (met.length > 0) this.#schedule();
    } catch (error) {
      for (const wait of waits) if (this.#waits.delete(wait)) wait.reject(error);
    }
  }
}

function failureOf({ id, type, state, error }: SubtaskOutcome): TaskSystemError {
  const cause = error === undefined ? undefined : deserializeError(error);
  const details = { childId: id, childState: state, ...(error?.code === undefined ? {} : { childCode: error.code }) };
  return new TaskSystemError('TASK_CHILD_FAILED', `Child ${id} of type "${type}" is ${state}: ${cause?.message ?? ''}`, details, { cause });
}

function idsOf(children: readonly Subtask[]): readonly string[] {
  return children.map(({ id }) => id);
}

function toJson(submission: Omit<SubmitOptions, 'parentId'>): JsonValue {
  const copy = parseJson(JSON.stringify(submission));
  if (isBoundedJson(copy)) return copy;
  throw new TypeError(`a submission nested deeper than ${String(MAX_JSON_DEPTH)} levels`);
}

function readId(value: JsonValue): string {
  const id = isJsonObject(value) ? value['id'] : undefined;
  if (typeof id === 'string') return id;
  throw new TypeError('the host answered a spawn without an id');
}

function readMet(value: JsonValue): readonly (Decided & { readonly index: number })[] {
  return (Array.isArray(value) ? value : []).flatMap((item: JsonValue) => {
    if (!isJsonObject(item) || typeof item['index'] !== 'number') return [];
    const { index, done, failed } = item;
    return [{ index, ...(typeof done === 'string' ? { done } : {}), ...(typeof failed === 'string' ? { failed } : {}) }];
  });
}

function isOutcome(value: unknown): value is SubtaskOutcome {
  return typeof value === 'object' && value !== null && 'state' in value && 'id' in value;
}
