import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { FileProblem } from '../files/FileProblem.ts';
import { PATH_SCHEMA, textOf, type BuiltIn } from './BuiltIn.ts';
import { readPage, withFile } from './fsRead.ts';
import { writeAll } from './fsWrite.ts';

const MAX_FILE_BYTES = 4_194_304;

/** Replaces a part of a text file. */
export const fsEdit: BuiltIn = {
  name: 'fs.edit',
  description: 'Replaces a part of a text file of the workspace. oldText has to occur exactly once, character for character; with all, every occurrence is replaced.',
  inputSchema: {
    type: 'object', required: ['path', 'oldText', 'newText'], additionalProperties: false,
    properties: {
      path: { ...PATH_SCHEMA, description: 'Relative to the workspace.' },
      oldText: { type: 'string', minLength: 1 },
      newText: { type: 'string' },
      all: { type: 'boolean', default: false, description: 'Whether every occurrence is replaced.' },
    },
  },
  annotations: { title: 'Edit a file', destructiveHint: true, openWorldHint: false },
  async run(input, place) {
    const named = place.find(input['path']);
    const [oldText, newText] = [textOf(input['oldText']), textOf(input['newText'])];
    return withFile(named, constants.O_RDWR, async (file) => {
      const parts = (await readText(file)).split(oldText);
      const replacements = parts.length - 1;
      if (replacements === 0) throw new FileProblem('ENOMATCH', 'oldText does not occur in it');
      if (replacements > 1 && input['all'] !== true) throw new FileProblem('EMATCHES', `oldText occurs ${String(replacements)} times in it; take more of the text around it, or set all`);
      const size = await writeAll(file, Buffer.from(parts.join(newText)), true);
      return { path: named.path, replacements, size };
    });
  },
};

/** A file as text. What is no UTF-8 would be damaged by being written back. */
async function readText(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  if (size > MAX_FILE_BYTES) throw new FileProblem('EFBIG', `it is larger than ${String(MAX_FILE_BYTES)} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readPage(file, 0, size));
  } catch {
    throw new FileProblem('ENOTTEXT', 'it is no text in UTF-8');
  }
}
