import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countLines, findTodos } from './analyse.ts';
import { hasBinaryName, isBinaryContent, isGeneratedFile } from './exclusions.ts';
import { languageOf } from './languages.ts';
import { isInPart, type ScanPart } from './plan.ts';
import { boundHashes, SCAN_BOUNDS, type ScanResult } from './ScanResult.ts';
import { compareNames, joinPath, listFolder, type CodeBase } from './survey.ts';

/** A file to be read. */
export interface FoundFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

/** Larger files are named in the result, but not read. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

const HASH_CHARACTERS = 16;
/** What reading a file fails with that a task may not open. */
const CLOSED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'ERR_ACCESS_DENIED']);

/** Walks the parts and returns every file in them. */
export async function findFiles(codeBase: CodeBase, parts: readonly ScanPart[]): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const part of parts) {
    const pending = [part.folder];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      const listed = await listFolder(codeBase, folder);
      const path = folder;
      files.push(...listed.files.filter((file) => isInPart(part, file.name)).map((file) => ({ ...file, path: joinPath(path, file.name) })));
      if (part.deep) pending.push(...listed.folders.toReversed());
    }
  }
  return files;
}

/** Collects what the files of one group hold. Give it each file, then ask for the result. */
export class ScanTally {
  readonly #codeBase: CodeBase;
  readonly #languages: Record<string, { files: number; lines: number }> = {};
  readonly #read: { path: string; lines: number; bytes: number }[] = [];
  readonly #todos: ScanResult['todos'] = [];
  readonly #hashes: ScanResult['hashes'] = [];
  readonly #skipped = { binary: 0, generated: 0, tooLarge: 0, closed: 0, unreadable: 0 };
  readonly #closed: string[] = [];
  #todoCount = 0;

  constructor(codeBase: CodeBase) {
    this.#codeBase = codeBase;
  }

  /** Reads one file and adds it, or counts why it was skipped. Never throws for the sake of one file. */
  async add(file: FoundFile): Promise<void> {
    if (isGeneratedFile(file.name)) this.#skipped.generated += 1;
    else if (hasBinaryName(file.name)) this.#skipped.binary += 1;
    else if (file.bytes > MAX_FILE_BYTES) this.#skipped.tooLarge += 1;
    else {
      await readFile(join(this.#codeBase.root, file.path)).then((content) => {
        if (isBinaryContent(content)) this.#skipped.binary += 1;
        else this.#addText(file, content);
      }, (error: unknown) => { this.#addUnread(file, error); });
    }
  }

  /** Everything that was added, within {@link SCAN_BOUNDS}. */
  result(label: string): ScanResult {
    const result: ScanResult = {
      label,
      files: this.#read.length,
      lines: this.#read.reduce((sum, file) => sum + file.lines, 0),
      bytes: this.#read.reduce((sum, file) => sum + file.bytes, 0),
      languages: this.#languages,
      largest: this.#read.toSorted((a, b) => b.bytes - a.bytes || compareNames(a.path, b.path)).slice(0, SCAN_BOUNDS.largest),
      todoCount: this.#todoCount,
      todos: this.#todos,
      hashes: this.#hashes.toSorted((a, b) => b[1] - a[1] || compareNames(a[2], b[2])),
      comparable: this.#hashes.length,
      skipped: this.#skipped,
      closed: this.#closed,
    };
    return boundHashes([result], SCAN_BOUNDS.hashBytes)[0] ?? result;
  }

  #addUnread(file: FoundFile, error: unknown): void {
    if (!(error instanceof Error && 'code' in error && CLOSED.has(error.code))) this.#skipped.unreadable += 1;
    else {
      this.#skipped.closed += 1;
      if (this.#closed.length < SCAN_BOUNDS.closed) this.#closed.push(file.path);
    }
  }

  #addText(file: FoundFile, content: Buffer): void {
    const text = content.toString();
    const lines = countLines(text);
    const language = (this.#languages[languageOf(file.name)] ??= { files: 0, lines: 0 });
    language.files += 1;
    language.lines += lines;
    this.#read.push({ path: file.path, lines, bytes: content.length });
    const todos = findTodos(text);
    this.#todoCount += todos.length;
    this.#todos.push(...todos.slice(0, SCAN_BOUNDS.todos - this.#todos.length).map((todo) => ({ path: file.path, ...todo })));
    if (content.length > 0) this.#hashes.push([hashOf(content), content.length, file.path]);
  }
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, HASH_CHARACTERS);
}
