import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { JsonValue } from '../../types/Json.ts';
import { FileProblem } from '../files/FileProblem.ts';
import { PATH_SCHEMA, textOf, type BuiltIn } from './BuiltIn.ts';
import { withFile } from './fsRead.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;

/** Writes a file. */
export const fsWrite: BuiltIn = {
  name: 'fs.write',
  description: 'Writes a file of the workspace; folders that are missing are made.',
  inputSchema: {
    type: 'object', required: ['path', 'content'], additionalProperties: false,
    properties: {
      path: { ...PATH_SCHEMA, description: 'Relative to the workspace.' },
      content: { type: 'string' },
      encoding: { enum: ['utf8', 'base64'], default: 'utf8', description: 'How content is written: base64 for what is no text.' },
      mode: { enum: ['replace', 'append', 'create'], default: 'replace', description: 'create fails when the file is there.' },
    },
  },
  annotations: { title: 'Write a file', destructiveHint: true, openWorldHint: false },
  async run(input, place) {
    const named = place.find(input['path']);
    const content = Buffer.from(textOf(input['content']), input['encoding'] === 'base64' ? 'base64' : 'utf8');
    const flags = O_WRONLY | O_CREAT | flagOf(input['mode']);
    const size = await withFile(named, flags, (file) => writeAll(file, content, input['mode'] !== 'append'), true);
    return { path: named.path, bytes: content.length, size };
  },
};

/** Writes to an open file and returns its size. Not emptied by opening it: first it is seen what was opened. */
export async function writeAll(file: FileHandle, content: Buffer, isReplaced: boolean): Promise<number> {
  const { nlink } = await file.stat();
  if (nlink > 1) throw new FileProblem('EHARDLINK');
  if (isReplaced) await file.truncate(0);
  await file.writeFile(content);
  return (await file.stat()).size;
}

function flagOf(mode: JsonValue | undefined): number {
  return mode === 'append' ? O_APPEND : mode === 'create' ? O_EXCL : 0;
}
