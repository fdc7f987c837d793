import { constants } from 'node:fs';
import { fitsGlob, fitsNames } from '../../types/globs.ts';
import type { JsonObject } from '../../types/Json.ts';
import { numberOf, PATH_SCHEMA, textOf, type BuiltIn } from './BuiltIn.ts';
import { walk, type Found } from './fsList.ts';
import { readPage } from './fsRead.ts';

const MAX_LEVELS = 64;
const MAX_MATCHES = 500;
const MAX_LINES_OF_A_FILE = 50;
const MAX_LINE = 400;
const MAX_FILE_BYTES = 2_097_152;
/** In as much of a file shows whether it is text. */
const SNIFF_BYTES = 8_192;
/** What is searched only when it is named. */
const LEFT_OUT = ['node_modules', '.git'];

/** Finds files by name and by what is in them. */
export const fsSearch: BuiltIn = {
  name: 'fs.search',
  description: 'Finds files of the workspace by a pattern for their path, and lines in them by a text. When the answer has next, call again with it as after. Not searched: node_modules and .git below path, files that are no text or larger than 2 MiB, links.',
  inputSchema: {
    type: 'object', additionalProperties: false,
    properties: {
      path: { ...PATH_SCHEMA, default: '.', description: 'The folder to search: relative to the workspace, or behind "project:" to the directory of the project.' },
      glob: { type: 'string', minLength: 1, maxLength: 1_024, description: 'A pattern for paths below that folder, such as "src/**/*.ts"; without "/" for names at any depth, such as "*.md".' },
      text: { type: 'string', minLength: 1, maxLength: 1_024, description: 'A text that a line has to contain; no pattern.' },
      ignoreCase: { type: 'boolean', default: false },
      limit: { type: 'integer', minimum: 1, maximum: MAX_MATCHES, default: 100, description: 'How many matches; the last file is finished beyond it.' },
      after: { type: 'string', description: 'next of the page before.' },
    },
  },
  annotations: { title: 'Search files', readOnlyHint: true, openWorldHint: false },
  async run(input, place, { abortSignal }) {
    const named = place.find(input['path'] ?? '.');
    const [limit, fits, linesOf] = [numberOf(input['limit'], 100), pathTest(textOf(input['glob'])), lineFinder(textOf(input['text']), input['ignoreCase'] === true)];
    return named.root.inFolder(named.names, async (folder) => {
      const matches: JsonObject[] = [];
      let last = '';
      for await (const found of walk(folder, MAX_LEVELS, textOf(input['after']), '', LEFT_OUT)) {
        abortSignal.throwIfAborted();
        if (found.type !== 'file' || !fits(found.path)) continue;
        if (matches.length >= limit) return { matches, next: last };
        matches.push(...await linesOf(found));
        last = found.path;
      }
      return { matches };
    });
  },
};

function pathTest(glob: string): (path: string) => boolean {
  if (glob === '') return () => true;
  const patterns = glob.includes('/') ? glob.split('/').filter((name) => name !== '' && name !== '.') : ['**', glob];
  return (path) => fitsNames(patterns, path.split('/'), (pattern, name) => fitsGlob(pattern, name, true));
}

function lineFinder(text: string, ignoresCase: boolean): (found: Found) => Promise<readonly JsonObject[]> {
  // eslint-disable-next-line @typescript-eslint/require-await -- where nothing is looked for inside of files, none is read
  if (text === '') return async ({ path }) => [{ path }];
  const form = (line: string): string => (ignoresCase ? line.toLowerCase() : line);
  const wanted = form(text);
  return async (found) => {
    const content = await contentOf(found);
    if (content === undefined || !form(content).includes(wanted)) return [];
    const lines = content.split('\n').flatMap((line, index) => (form(line).includes(wanted) ? [{ line: index + 1, text: line }] : []));
    return lines.slice(0, MAX_LINES_OF_A_FILE).map(({ line, text: whole }) => ({ path: found.path, line, text: whole.trimEnd().slice(0, MAX_LINE).toWellFormed() }));
  };
}

/** The text of a file; undefined for what is none, too large, gone by now, or may not be opened. */
async function contentOf({ folder, name }: Found): Promise<string | undefined> {
  const file = await folder.openFile(name, constants.O_RDONLY).catch(() => undefined);
  try {
    const size = (await file?.stat())?.size ?? 0;
    if (file === undefined || size > MAX_FILE_BYTES) return undefined;
    const bytes = await readPage(file, 0, size);
    return bytes.subarray(0, SNIFF_BYTES).includes(0) ? undefined : bytes.toString();
  } finally {
    await file?.close();
  }
}
