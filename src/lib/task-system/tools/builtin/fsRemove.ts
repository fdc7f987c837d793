import { readdir, rmdir, unlink } from 'node:fs/promises';
import { FileProblem } from '../files/FileProblem.ts';
import type { OpenFolder } from '../files/Root.ts';
import { PATH_SCHEMA, type BuiltIn } from './BuiltIn.ts';

/** Each level holds a folder open. */
const MAX_LEVELS = 256;

/** Removes a file or a folder. */
export const fsRemove: BuiltIn = {
  name: 'fs.remove',
  description: 'Removes a file, a link or an empty folder of the workspace; with recursive, a folder and all that is in it. Links are removed, not followed.',
  inputSchema: {
    type: 'object', required: ['path'], additionalProperties: false,
    properties: {
      path: { ...PATH_SCHEMA, description: 'Relative to the workspace.' },
      recursive: { type: 'boolean', default: false },
    },
  },
  annotations: { title: 'Remove a file', destructiveHint: true, openWorldHint: false },
  async run(input, place, { abortSignal }) {
    const { root, names, path } = place.find(input['path']);
    const name = names.at(-1);
    if (name === undefined) throw new FileProblem('EPERM', 'the workspace itself stays');
    const removed = await root.inFolder(names.slice(0, -1), (folder) => remove(folder, name, input['recursive'] === true ? MAX_LEVELS : 0, abortSignal));
    return { path, removed };
  },
};

/** How many files, links and folders were removed. */
async function remove(folder: OpenFolder, name: string, levels: number, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const found = await folder.look(name);
  if (!found.isDirectory()) {
    await unlink(folder.at(name)).catch(refuse);
    return 1;
  }
  const inside = levels > 0 ? await empty(folder, name, levels, signal) : 0;
  await rmdir(folder.at(name)).catch(refuse);
  return inside + 1;
}

async function empty(parent: OpenFolder, name: string, levels: number, signal: AbortSignal): Promise<number> {
  const folder = await parent.openFolder(name);
  try {
    let removed = 0;
    for (const inner of await readdir(folder.way).catch(refuse)) removed += await remove(folder, inner, levels - 1, signal);
    return removed;
  } finally {
    await folder.close();
  }
}

function refuse(error: unknown): never {
  throw FileProblem.of(error);
}
