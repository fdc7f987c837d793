import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readlink, realpath, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FileProblem } from './FileProblem.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * A directory below which files are reached so that no link leads anywhere else, whoever swaps them meanwhile: what was opened is looked
 * at, not its path. The names come from outside; the caller has made sure that none of them is `..` or holds a slash.
 */
export class Root {
  readonly #path: string;
  #real: Promise<string> | undefined;

  /** @param path absolute path of the directory. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens a folder and hands it to `use`; it is closed afterwards.
   * @param make whether folders that are missing are made.
   * @throws FileProblem
   */
  async inFolder<Result>(names: readonly string[], use: (folder: OpenFolder) => Promise<Result>, make = false): Promise<Result> {
    const folder = await this.#open(names, make);
    try {
      return await use(folder);
    } finally {
      await folder.close();
    }
  }

  async #open(names: readonly string[], make: boolean): Promise<OpenFolder> {
    const real = await this.#realPath();
    try {
      return await OpenFolder.open(join(real, ...names), join(real, ...names));
    } catch (error) {
      const last = names.at(-1);
      if (!make || last === undefined || !(error instanceof FileProblem && error.reason === 'ENOENT')) throw error;
      return this.inFolder(names.slice(0, -1), (parent) => parent.makeFolder(last), true);
    }
  }

  async #realPath(): Promise<string> {
    this.#real ??= realpath(this.#path).catch((error: unknown) => { throw FileProblem.of(error); });
    return this.#real;
  }
}

/** A folder that is open: what is done in it is done in this very folder, wherever its path may lead by then. */
export class OpenFolder {
  readonly #handle: FileHandle;
  /** What leads to the folder: its descriptor where the system can do that, else its path. */
  readonly #way: string;
  readonly #real: string;

  private constructor(handle: FileHandle, way: string, real: string) {
    this.#handle = handle;
    this.#way = way;
    this.#real = real;
  }

  /** @param real where the folder has to be. @throws FileProblem when it is elsewhere, or none. */
  static async open(path: string, real: string): Promise<OpenFolder> {
    const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => { throw FileProblem.of(error); });
    try {
      const way = await wayTo(handle, real);
      return new OpenFolder(handle, way, real);
    } catch (error) {
      await handle.close();
      throw FileProblem.of(error);
    }
  }

  /** What leads to a name in this folder. */
  at(name: string): string {
    // Not joined: `.` has to stay, or it would be the link itself that is looked at.
    return `${this.#way}/${name}`;
  }

  /** What leads to the folder itself. */
  get way(): string {
    return this.#way;
  }

  /** Opens a regular file; links, pipes and devices are refused. */
  async openFile(name: string, flags: number): Promise<FileHandle> {
    const handle = await open(this.at(name), flags | O_NOFOLLOW | O_NONBLOCK, 0o666).catch((error: unknown) => { throw FileProblem.of(error); });
    try {
      const found = await handle.stat();
      if (found.isDirectory()) throw new FileProblem('EISDIR');
      if (!found.isFile()) throw new FileProblem('ENOTFILE');
      if (!this.#hasDescriptors) await requirePath(found, join(this.#real, name));
      return handle;
    } catch (error) {
      await handle.close();
      throw FileProblem.of(error);
    }
  }

  /** Opens a folder in this one; a link to one is refused. */
  async openFolder(name: string): Promise<OpenFolder> {
    return OpenFolder.open(this.at(name), join(this.#real, name));
  }

  /** Makes a folder, unless it is there, and opens it. */
  async makeFolder(name: string): Promise<OpenFolder> {
    await mkdir(this.at(name)).catch((error: unknown) => {
      const problem = FileProblem.of(error);
      if (problem.reason !== 'EEXIST') throw problem;
    });
    return this.openFolder(name);
  }

  /** What a name is, without following it. */
  async look(name: string): Promise<Stats> {
    return lstat(this.at(name)).catch((error: unknown) => { throw FileProblem.of(error); });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  get #hasDescriptors(): boolean {
    return this.#way !== this.#real;
  }
}

/** On Linux the descriptor says where it is and leads there; elsewhere, or where /proc is out of reach, only a comparison is left. */
async function wayTo(handle: FileHandle, real: string): Promise<string> {
  const link = `/proc/self/fd/${String(handle.fd)}`;
  const found = await readlink(link).catch(() => undefined);
  if (found !== undefined) {
    if (found !== real) throw new FileProblem('ELOOP');
    return link;
  }
  await requirePath(await handle.stat(), real);
  return real;
}

async function requirePath(found: Stats, path: string): Promise<void> {
  const [real, there] = await Promise.all([realpath(path), stat(path)]);
  if (real !== path || there.ino !== found.ino || there.dev !== found.dev) throw new FileProblem('ELOOP');
}
