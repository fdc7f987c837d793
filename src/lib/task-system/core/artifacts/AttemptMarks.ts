import { TaskSystemError } from '../../types/Errors.ts';
import type { ResolvedLimits } from '../../types/ResolvedOptions.ts';
import { holdFolder, identifyForGood, namesOf, type FileIdentity } from './KeptFile.ts';

const MIB = 1_048_576;

/** A file that a task wants to keep, as it was when it said so. */
export interface Mark {
  readonly path: string;
  readonly names: readonly string[];
  readonly identity: FileIdentity;
}

/** The files that one attempt wants to keep. */
export class AttemptMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #maxFiles: number;
  readonly #maxBytes: number;

  constructor(limits: Pick<ResolvedLimits, 'artifacts' | 'artifactsMb'>) {
    this.#maxFiles = limits.artifacts;
    this.#maxBytes = limits.artifactsMb * MIB;
  }

  /** In the order in which they were marked first. */
  get all(): readonly Mark[] {
    return [...this.#marks.values()];
  }

  /**
   * Marks a file as it is now; once more marks what it has become.
   * @throws TaskSystemError `ARTIFACT_REFUSED`, `ARTIFACT_LIMIT`.
   */
  async add(workspace: string, path: string): Promise<Mark> {
    const names = namesOf(path);
    const folder = await holdFolder(workspace, path, names);
    try {
      const identity = await identifyForGood(folder.at(names.at(-1) ?? ''), path);
      this.#requireRoom(path, identity.bytes);
      const mark = { path, names, identity };
      this.#marks.set(path, mark);
      return mark;
    } finally {
      await folder.close();
    }
  }

  #requireRoom(path: string, bytes: number): void {
    const others = this.all.filter((mark) => mark.path !== path);
    const total = others.reduce((sum, { identity }) => sum + identity.bytes, bytes);
    if (others.length >= this.#maxFiles) {
      throw new TaskSystemError('ARTIFACT_LIMIT', `"${path}" would be one more than the ${String(this.#maxFiles)} files of \`limits.artifacts\``, { path, allowed: this.#maxFiles });
    }
    if (total > this.#maxBytes) {
      throw new TaskSystemError('ARTIFACT_LIMIT', `With "${path}" they would have ${String(total)} bytes, ${String(this.#maxBytes)} are allowed by \`limits.artifactsMb\``, { path, bytes: total, allowed: this.#maxBytes });
    }
  }
}
