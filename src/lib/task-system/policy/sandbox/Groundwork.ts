import { cpSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INNER_SOCKET } from '../network/ProxyOrder.ts';
import { bubblewrapArguments, INNER_COMPILED, INNER_WORKSPACE, isInTmp, shownOf, type Mount } from './bubblewrap.ts';
import { copyLinks, makeFolder, placeOf } from './folders.ts';
import type { SandboxView } from './SandboxView.ts';
import { buildFilter } from './seccomp.ts';
import { laySettings } from './settings.ts';
import { FIRST_INPUT_FD } from './spawnPlan.ts';
import type { SyscallTable } from './syscalls.ts';
import { SYSTEM_FOLDERS } from './systemFolders.ts';

/** What makes sandboxes differ, as far as bubblewrap is concerned. */
export interface GroundKind {
  readonly view: SandboxView;
  /** Whether the task may open unix sockets. */
  readonly unixSockets: boolean;
  /** Whether the host is root. */
  readonly asRoot: boolean;
  readonly syscalls: SyscallTable;
}

/** Absolute paths of files that bubblewrap reads, in this order: its arguments, each followed by a zero byte, and the filter of system calls. */
export type Ground = readonly [argumentsFile: string, filterFile: string];

/**
 * What all sandboxes of a kind stand on: a folder that becomes their root, with links and a place for each mount, and files that tell
 * bubblewrap how to build on it. It is laid once, on disk, with as few mounts as will do: for each one bubblewrap reads the list of all
 * others, so they are most of what a sandbox costs.
 */
export class Groundwork {
  readonly #folder: string;
  readonly #laid = new Map<string, { readonly ground: Ground; readonly root: string }>();
  /** The roots that have the compiled code. */
  readonly #compiled = new Set<string>();
  #settings: readonly Mount[] | undefined;

  /** @param folder nobody but the host may reach it. It is made when the first sandbox needs it, and must stay until the last one is gone. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The ground for sandboxes of a kind. Changes of the system's settings show in those of the next host.
   * @param name the same for kinds that are the same.
   * @param compiled a folder that is to be found in the sandbox; from the time on at which it is first named, it does not change.
   */
  of(name: string, kind: GroundKind, compiled?: string): Ground {
    const laid = this.#laid.get(name) ?? this.#lay(join(this.#folder, String(this.#laid.size)), kind);
    this.#laid.set(name, laid);
    if (compiled !== undefined && !this.#compiled.has(laid.root)) {
      cpSync(compiled, placeOf(INNER_COMPILED, laid.root), { recursive: true });
      this.#compiled.add(laid.root);
    }
    return laid.ground;
  }

  #lay(folder: string, { view, unixSockets, asRoot, syscalls }: GroundKind): { readonly ground: Ground; readonly root: string } {
    this.#settings ??= this.#laySettings();
    const root = join(folder, 'root');
    const system = SYSTEM_FOLDERS.filter(existsSync).filter((path) => !copyLinks(path, placeOf(path, root))).map(inPlace);
    for (const path of ['/proc', '/dev', '/tmp', '/etc', INNER_WORKSPACE]) makeFolder(placeOf(path, root));
    if (unixSockets) makeFile(placeOf(INNER_SOCKET, root));
    for (const path of shownOf(view)) if (!isInTmp(path)) makePlace(path, root);
    const words = bubblewrapArguments({ view, root, mounts: [...system, ...this.#settings], filterFd: FIRST_INPUT_FD + 1, asRoot });
    const ground = [
      written(join(folder, 'arguments'), words.map((word) => `${word}\0`).join('')),
      written(join(folder, 'filter'), buildFilter(syscalls, { unixSockets })),
    ] as const;
    return { ground, root };
  }

  #laySettings(): readonly Mount[] {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const folders = laySettings(join(this.#folder, 'settings'));
    return [{ from: join(this.#folder, 'settings', 'etc'), to: '/etc' }, ...folders.map(inPlace)];
  }
}

function inPlace(path: string): Mount {
  return { from: path, to: path };
}

/** What is mounted and the place for it must be of one kind. */
function makePlace(path: string, root: string): void {
  const place = placeOf(path, root);
  if (statSync(path).isDirectory()) makeFolder(place);
  else if (!existsSync(place)) makeFile(place);
}

function makeFile(place: string): void {
  writeFileSync(place, '', { mode: 0o444 });
}

function written(path: string, content: string | Uint8Array): string {
  writeFileSync(path, content, { mode: 0o400 });
  return path;
}
