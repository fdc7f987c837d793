import { narrowPolicy } from '../policy/ToolPolicy.ts';
import type { ResolvedPolicy } from '../types/Policy.ts';
import type { ResolvedTaskType } from '../types/ResolvedOptions.ts';
import { resolvePolicy } from '../types/resolvePolicy.ts';
import type { TaskRecord } from '../types/TaskStore.ts';

/** A task as far as its policy depends on it. */
export type GovernedTask = Pick<TaskRecord, 'type' | 'parentId'>;

/** The type of tasks that only hold children: it has no handler, and no policy that could narrow theirs. */
const GROUP = 'group';
const NOTHING = resolvePolicy({ allow: [] }, 'a task type that is not there any more');

/** What the tasks of a system may do: what their types say, and nothing that an ancestor may not. */
export class TaskPolicies {
  readonly #types: ReadonlyMap<string, ResolvedTaskType>;
  readonly #find: (taskId: string) => Promise<GovernedTask | undefined>;

  /** @param find reads a task from the store. */
  constructor(types: ReadonlyMap<string, ResolvedTaskType>, find: (taskId: string) => Promise<GovernedTask | undefined>) {
    this.#types = types;
    this.#find = find;
  }

  /** The policy of a task; at once for one without a parent. Where an ancestor, or its type, is not there any more: nothing is allowed. */
  of(task: GovernedTask): ResolvedPolicy | Promise<ResolvedPolicy> {
    return task.parentId === undefined ? this.#own(task.type) ?? NOTHING : this.#narrowed(task, task.parentId);
  }

  async #narrowed(task: GovernedTask, parentId: string): Promise<ResolvedPolicy> {
    let policy = this.#own(task.type);
    for (let next: string | undefined = parentId; next !== undefined;) {
      const ancestor: GovernedTask | undefined = await this.#find(next);
      const above = ancestor === undefined ? NOTHING : this.#own(ancestor.type);
      policy = above === undefined || policy === undefined ? policy ?? above : narrowPolicy(above, policy);
      next = ancestor?.parentId;
    }
    return policy ?? NOTHING;
  }

  /** Undefined for a group: it adds nothing. */
  #own(type: string): ResolvedPolicy | undefined {
    return this.#types.get(type)?.policy ?? (type === GROUP ? undefined : NOTHING);
  }
}
