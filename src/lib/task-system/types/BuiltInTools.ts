/** The built-in tools: what each takes and gives. Paths are relative to the workspace, with `/` between names. */
export interface BuiltInTools {
  readonly 'fs.read': { readonly input: FileReadInput; readonly output: FileReadOutput };
  readonly 'fs.write': { readonly input: FileWriteInput; readonly output: FileWriteOutput };
  readonly 'fs.list': { readonly input: FileListInput; readonly output: FileListOutput };
}

/** What `fs.read` takes. */
export interface FileReadInput {
  readonly path: string;
  /** Where to begin, in bytes. @defaultValue 0 */
  readonly offset?: number;
  /** How much to read, in bytes, 4 to 131,072. @defaultValue 65_536 */
  readonly limit?: number;
  /** `base64` for what is no text. @defaultValue 'utf8' */
  readonly encoding?: 'utf8' | 'base64';
}

/** A page of a file. */
export interface FileReadOutput {
  readonly path: string;
  /** In the encoding that was asked for. Text is never cut within a character. */
  readonly content: string;
  /** Size of the whole file, in bytes. */
  readonly size: number;
  /** Where the next page begins; left out on the last one. */
  readonly nextOffset?: number;
}

/** What `fs.write` takes. */
export interface FileWriteInput {
  /** Folders that are missing are made. */
  readonly path: string;
  readonly content: string;
  /** How `content` is written. @defaultValue 'utf8' */
  readonly encoding?: 'utf8' | 'base64';
  /** `replace` what is there, `append` to it, or `create` the file and fail if there is one. @defaultValue 'replace' */
  readonly mode?: 'replace' | 'append' | 'create';
}

/** What was written. */
export interface FileWriteOutput {
  readonly path: string;
  /** Bytes of `content`. */
  readonly bytes: number;
  /** Size of the file now, in bytes. */
  readonly size: number;
}

/** What `fs.list` takes. */
export interface FileListInput {
  /** A folder. @defaultValue '.' */
  readonly path?: string;
  /** How many levels of folders to go down, 1 to 16. @defaultValue 1 */
  readonly depth?: number;
  /** How many entries, 1 to 1,000. @defaultValue 200 */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** A page of the content of a folder, by path. */
export interface FileListOutput {
  readonly entries: readonly FileEntry[];
  /** For `after` of the next page; left out on the last one. */
  readonly next?: string;
}

/** An entry of a folder. */
export interface FileEntry {
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  /** Of files, in bytes. */
  readonly size?: number;
}
