import { readdir } from 'node:fs/promises';
import type { Dirent, Stats } from 'node:fs';
import type { FileEntry } from '../../types/BuiltInTools.ts';
import { FileProblem } from '../files/FileProblem.ts';
import type { OpenFolder } from '../files/Root.ts';
import { numberOf, PATH_SCHEMA, textOf, type BuiltIn } from './BuiltIn.ts';

const MAX_ENTRIES = 1_000;
const MAX_LEVELS = 16;

/** Lists a folder. */
export const fsList: BuiltIn = {
  name: 'fs.list',
  description: 'Lists a folder of the workspace, by path; when the answer has next, call again with it as after. Links are listed and not followed.',
  inputSchema: {
    type: 'object', additionalProperties: false,
    properties: {
      path: { ...PATH_SCHEMA, default: '.', description: 'Relative to the workspace, or behind "project:" to the directory of the project.' },
      depth: { type: 'integer', minimum: 1, maximum: MAX_LEVELS, default: 1, description: 'How many levels of folders to go down.' },
      limit: { type: 'integer', minimum: 1, maximum: MAX_ENTRIES, default: 200, description: 'How many entries.' },
      after: { type: 'string', description: 'next of the page before.' },
    },
  },
  annotations: { title: 'List a folder', readOnlyHint: true, openWorldHint: false },
  async run(input, place, { abortSignal }) {
    const named = place.find(input['path'] ?? '.');
    const [depth, limit, after] = [numberOf(input['depth'], 1), numberOf(input['limit'], 200), textOf(input['after'])];
    return named.root.inFolder(named.names, async (folder) => {
      const entries: FileEntry[] = [];
      for await (const { path, type, folder: parent, name } of walk(folder, depth, after)) {
        abortSignal.throwIfAborted();
        if (entries.length === limit) return { entries: entries.map(toJson), next: entries.at(-1)?.path ?? '' };
        const size = type === 'file' ? (await parent.look(name)).size : undefined;
        entries.push({ path, type, ...(size === undefined ? {} : { size }) });
      }
      return { entries: entries.map(toJson) };
    });
  },
};

/** Something below a folder. */
export interface Found {
  /** Relative to the folder where the walk began. */
  readonly path: string;
  readonly type: FileEntry['type'];
  readonly name: string;
  /** The folder it is in; open until the walk goes on. */
  readonly folder: OpenFolder;
}

/**
 * Goes through a folder, by name, each folder before what is in it; links are not followed.
 * @param after a path: begins behind it, and opens no folder that lies before it as a whole. @param leftOut names that are passed by.
 */
export async function* walk(folder: OpenFolder, depth: number, after = '', prefix = '', leftOut: readonly string[] = []): AsyncGenerator<Found> {
  const entries = await readdir(folder.way, { withFileTypes: true }).catch((error: unknown) => { throw FileProblem.of(error); });
  const [first = '', ...rest] = after.split('/');
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const { name } = entry;
    if (name < first || leftOut.includes(name)) continue;
    const type = typeOf(entry);
    const path = `${prefix}${name}`;
    if (after === '' || name !== first) yield { path, type, name, folder };
    if (type !== 'folder' || depth <= 1) continue;
    // A folder that may not be opened, or is gone by now, is listed and not entered.
    const inner = await folder.openFolder(name).catch(() => undefined);
    try {
      if (inner !== undefined) yield* walk(inner, depth - 1, name === first ? rest.join('/') : '', `${path}/`, leftOut);
    } finally {
      await inner?.close();
    }
  }
}

/** What kind of entry something is. */
export function typeOf(entry: Dirent | Stats): FileEntry['type'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function toJson({ path, type, size }: FileEntry): { readonly [key: string]: string | number } {
  return { path, type, ...(size === undefined ? {} : { size }) };
}
