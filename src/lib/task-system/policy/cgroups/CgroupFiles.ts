import { constants, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rmdir } from 'node:fs/promises';

/** The folders and files by which the kernel is told of control groups; tests put a scripted kernel in its place. */
export interface CgroupFiles {
  /** Undefined when there is no such file, or when it cannot be read. */
  read(path: string): string | undefined;
  /** Names of the groups in a group; none when it is not there. */
  groupsIn(path: string): readonly string[];
  /** Writes to a file that is there. To move a process takes the kernel some time: it waits until nobody is just starting one. */
  write(path: string, text: string): Promise<void>;
  /** Makes a group; one that is there already is fine. */
  make(path: string): Promise<void>;
  /** Removes an empty group; one that is not there is fine. */
  remove(path: string): Promise<void>;
}

/** The kernel's own. */
export const kernelFiles: CgroupFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  groupsIn(path) {
    try {
      return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch {
      return [];
    }
  },
  async write(path, text) {
    const file = await open(path, constants.O_WRONLY);
    try {
      await file.write(text);
    } finally {
      await file.close();
    }
  },
  async make(path) {
    await mkdir(path).catch((error: unknown) => { if (codeOf(error) !== 'EEXIST') throw error; });
  },
  async remove(path) {
    await rmdir(path).catch((error: unknown) => { if (codeOf(error) !== 'ENOENT') throw error; });
  },
};

/** The system's name of an error, such as `EBUSY`; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A file of lines `name number`, such as `memory.events`; empty when it is not there. */
export function readCounters(files: Pick<CgroupFiles, 'read'>, path: string): ReadonlyMap<string, number> {
  const lines = (files.read(path) ?? '').split('\n').map((line) => line.split(' '));
  return new Map(lines.flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [[name, Number(value)]])));
}
