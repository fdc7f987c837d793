import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { FileProblem } from '../files/FileProblem.ts';
import { numberOf, PATH_SCHEMA, type BuiltIn, type Named } from './BuiltIn.ts';

const PAGE_BYTES = 65_536;
const MAX_PAGE_BYTES = 131_072;
/** The longest character of UTF-8. */
const MAX_CHARACTER_BYTES = 4;

/** Reads a page of a file. */
export const fsRead: BuiltIn = {
  name: 'fs.read',
  description: 'Reads a file of the workspace, in pages: when the answer has nextOffset, call again with it as offset to read on.',
  inputSchema: {
    type: 'object', required: ['path'], additionalProperties: false,
    properties: {
      path: { ...PATH_SCHEMA, description: 'Relative to the workspace, or behind "project:" to the directory of the project.' },
      offset: { type: 'integer', minimum: 0, default: 0, description: 'Where to begin, in bytes.' },
      limit: { type: 'integer', minimum: MAX_CHARACTER_BYTES, maximum: MAX_PAGE_BYTES, default: PAGE_BYTES, description: 'How much to read, in bytes.' },
      encoding: { enum: ['utf8', 'base64'], default: 'utf8', description: 'base64 for what is no text.' },
    },
  },
  annotations: { title: 'Read a file', readOnlyHint: true, openWorldHint: false },
  async run(input, place) {
    const named = place.find(input['path']);
    const [offset, limit] = [numberOf(input['offset'], 0), numberOf(input['limit'], PAGE_BYTES)];
    return withFile(named, constants.O_RDONLY, async (file) => {
      const { size } = await file.stat();
      const page = await readPage(file, offset, limit);
      const isText = input['encoding'] !== 'base64';
      const bytes = isText && offset + page.length < size ? wholeCharacters(page) : page;
      const next = offset + bytes.length;
      return { path: named.path, content: bytes.toString(isText ? 'utf8' : 'base64'), size, ...(next < size ? { nextOffset: next } : {}) };
    });
  },
};

/** Opens a file for as long as `use` takes. @throws FileProblem */
export async function withFile<Result>({ root, names }: Named, flags: number, use: (file: FileHandle) => Promise<Result>, make = false): Promise<Result> {
  const name = names.at(-1);
  if (name === undefined) throw new FileProblem('EISDIR');
  return root.inFolder(names.slice(0, -1), async (folder) => {
    const file = await folder.openFile(name, flags);
    try {
      return await use(file);
    } catch (error) {
      throw FileProblem.of(error);
    } finally {
      await file.close();
    }
  }, make);
}

/** As much of a file as there is, up to a bound. */
export async function readPage(file: FileHandle, offset: number, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit);
  let filled = 0;
  while (filled < limit) {
    const { bytesRead } = await file.read(buffer, filled, limit - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Leaves out a character at the end of which only a part is there. */
export function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(MAX_CHARACTER_BYTES, bytes.length); back++) {
    const lead = bytes[bytes.length - back] ?? 0;
    if ((lead & 0xc0) === 0x80) continue;
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
