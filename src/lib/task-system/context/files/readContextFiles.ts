import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { RawContextFile } from '../../types/Context.ts';
import type { ResolvedContextFile } from '../../types/ResolvedOptions.ts';
import { openInside, type OpenRefusal } from './openInside.ts';

/** What all files of a task may have together; as JSON that still fits through the channel of a child. */
const MAX_TOTAL_BYTES = 1_048_576;

/** What was read, and what a person should know about what was not. */
export interface ContextFiles {
  readonly files: readonly RawContextFile[];
  readonly problems: readonly string[];
}

/**
 * Reads the context files of a project: regular files that really lie in its directory, UTF-8, with or without byte order mark. A
 * missing file is fine. Of one with more than `maxFileBytes` the beginning and the end are read, and the gap is marked.
 */
export async function readContextFiles(directory: string, wanted: readonly ResolvedContextFile[], maxFileBytes: number): Promise<ContextFiles> {
  const files: RawContextFile[] = [];
  const problems: string[] = [];
  let left = MAX_TOTAL_BYTES;
  for (const file of wanted) {
    const read = await readOne(directory, file, Math.min(maxFileBytes, left));
    if (typeof read === 'string') {
      if (read !== 'missing') problems.push(`${file.name} was left out: it is ${read}`);
      continue;
    }
    left -= Buffer.byteLength(read.file.text);
    files.push(read.file);
    problems.push(...read.problems.map((problem) => `${file.name} ${problem}`));
  }
  return { files, problems };
}

async function readOne(directory: string, wanted: ResolvedContextFile, maxBytes: number): Promise<{ readonly file: RawContextFile; readonly problems: readonly string[] } | OpenRefusal> {
  const opened = await openInside(directory, wanted.name);
  if (typeof opened === 'string') return opened;
  try {
    const { size } = await opened.handle.stat();
    const { bytes, gap } = await readEnds(opened.handle, size, maxBytes);
    const decoded = bytes.map((part) => decode(part));
    const text = decoded.map((part) => part.text).join(`\n\n[… ${String(gap)} bytes of ${wanted.name} were not read …]\n\n`);
    const hash = createHash('sha256').update(Buffer.concat(bytes)).digest('hex');
    const problems = [
      ...(gap === 0 ? [] : [`has ${String(size)} bytes, of which ${String(gap)} in the middle were not read`]),
      ...(decoded.every((part) => part.isExact) ? [] : ['is not UTF-8: what cannot be read was replaced']),
    ];
    const { name, as, maxTokens } = wanted;
    return { file: { name, as, text: text.replaceAll('\r\n', '\n'), rawBytes: size, hash, ...(maxTokens === undefined ? {} : { maxTokens }) }, problems };
  } catch {
    return 'unreadable';
  } finally {
    await opened.handle.close();
  }
}

/** The whole file, or its beginning and its end. */
async function readEnds(handle: FileHandle, size: number, maxBytes: number): Promise<{ readonly bytes: readonly Buffer[]; readonly gap: number }> {
  if (size <= maxBytes) return { bytes: [await readAt(handle, 0, size)], gap: 0 };
  const half = Math.floor(maxBytes / 2);
  const head = await readAt(handle, 0, half);
  const tail = await readAt(handle, size - half, half);
  // Whole lines, where there are any: half a line says something else, and half a character nothing.
  const end = head.lastIndexOf(10) + 1;
  const start = tail.indexOf(10) + 1;
  const bytes = [head.subarray(0, end === 0 ? half : end), tail.subarray(start)];
  return { bytes, gap: size - bytes.reduce((sum, part) => sum + part.length, 0) };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

function decode(bytes: Buffer): { readonly text: string; readonly isExact: boolean } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), isExact: true };
  } catch {
    return { text: new TextDecoder('utf-8').decode(bytes), isExact: false };
  }
}
