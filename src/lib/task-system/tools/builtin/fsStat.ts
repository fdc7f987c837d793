import { FileProblem } from '../files/FileProblem.ts';
import { PATH_SCHEMA, type BuiltIn } from './BuiltIn.ts';
import { typeOf } from './fsList.ts';

/** Looks at one file or folder. */
export const fsStat: BuiltIn = {
  name: 'fs.stat',
  description: 'Says what a path of the workspace is: a file, a folder, a link or something else, its size and when it was changed. Links are not followed.',
  inputSchema: {
    type: 'object', required: ['path'], additionalProperties: false,
    properties: { path: { ...PATH_SCHEMA, description: 'Relative to the workspace, or behind "project:" to the directory of the project.' } },
  },
  annotations: { title: 'Look at a file', readOnlyHint: true, openWorldHint: false },
  async run(input, place) {
    const { root, names, path } = place.find(input['path']);
    const name = names.at(-1) ?? '.';
    return root.inFolder(names.slice(0, -1), async (folder) => {
      const found = await folder.look(name);
      const changed = new Date(found.mtimeMs);
      if (Number.isNaN(changed.getTime())) throw new FileProblem('ETIME', 'it says that it was changed at no time');
      return { path, type: typeOf(found), size: found.size, modified: changed.toISOString() };
    });
  },
};
