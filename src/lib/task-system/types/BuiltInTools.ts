/** The built-in tools: what each takes and gives. Paths are relative to the workspace, with `/` between names. */
export interface BuiltInTools {
  readonly 'fs.read': { readonly input: FileReadInput; readonly output: FileReadOutput };
  readonly 'fs.write': { readonly input: FileWriteInput; readonly output: FileWriteOutput };
  readonly 'fs.edit': { readonly input: FileEditInput; readonly output: FileEditOutput };
  readonly 'fs.list': { readonly input: FileListInput; readonly output: FileListOutput };
  readonly 'fs.search': { readonly input: FileSearchInput; readonly output: FileSearchOutput };
  readonly 'fs.stat': { readonly input: { readonly path: string }; readonly output: FileStatOutput };
  readonly 'fs.remove': { readonly input: FileRemoveInput; readonly output: FileRemoveOutput };
  readonly 'shell.run': { readonly input: ShellRunInput; readonly output: ShellRunOutput };
  readonly 'memory.remember': { readonly input: MemoryRememberInput; readonly output: { readonly remembered: true } };
  readonly 'http.fetch': { readonly input: HttpFetchInput; readonly output: HttpFetchOutput };
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

/** What `fs.edit` takes. */
export interface FileEditInput {
  /** A text file in UTF-8, up to 4 MiB. */
  readonly path: string;
  /** Has to occur exactly once, character for character. */
  readonly oldText: string;
  readonly newText: string;
  /** Whether every occurrence is replaced. @defaultValue false */
  readonly all?: boolean;
}

/** What was edited. */
export interface FileEditOutput {
  readonly path: string;
  readonly replacements: number;
  /** Size of the file now, in bytes. */
  readonly size: number;
}

/** What `fs.search` takes. */
export interface FileSearchInput {
  /** The folder to search. @defaultValue '.' */
  readonly path?: string;
  /** A pattern for paths below it: `src/**\/*.ts`; without `/` for names at any depth. @defaultValue every file */
  readonly glob?: string;
  /** A text that a line has to contain. @defaultValue none: files are found by their paths */
  readonly text?: string;
  /** @defaultValue false */
  readonly ignoreCase?: boolean;
  /** How many matches, 1 to 500; the last file is finished beyond it. @defaultValue 100 */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** A page of what was found, by path. */
export interface FileSearchOutput {
  readonly matches: readonly FileMatch[];
  /** For `after` of the next page; left out on the last one. */
  readonly next?: string;
}

/** A file, or a line in one. */
export interface FileMatch {
  /** Below the folder that was searched. */
  readonly path: string;
  /** From 1; where a text was looked for. */
  readonly line?: number;
  /** The line, up to 400 characters. */
  readonly text?: string;
}

/** What `fs.stat` gives. */
export interface FileStatOutput {
  readonly path: string;
  readonly type: FileEntry['type'];
  /** In bytes. */
  readonly size: number;
  /** When it was changed, in the form of ISO 8601. */
  readonly modified: string;
}

/** What `fs.remove` takes. */
export interface FileRemoveInput {
  readonly path: string;
  /** Whether a folder goes with all that is in it. @defaultValue false */
  readonly recursive?: boolean;
}

/** What was removed. */
export interface FileRemoveOutput {
  readonly path: string;
  /** Files, links and folders. */
  readonly removed: number;
}

/** What `shell.run` takes: `command` or `script`. */
export interface ShellRunInput {
  /** The program and its arguments, each by itself; no shell looks at them. */
  readonly command?: readonly string[];
  /** A script of /bin/sh. Only rules without `commands` allow one. */
  readonly script?: string;
  /** The folder to run in. @defaultValue '.' */
  readonly cwd?: string;
  /** What the program reads. @defaultValue nothing */
  readonly stdin?: string;
  /** After this long the program is killed with all it started, in milliseconds, up to 600,000. @defaultValue 120_000 */
  readonly timeoutMs?: number;
  /** How much of stdout, and of stderr, is answered, in bytes, up to 98,304. @defaultValue 65_536 */
  readonly maxOutputBytes?: number;
}

/** How a program ended. */
export interface ShellRunOutput {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal?: string;
  /** Of a long output the beginning and the end. */
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** Whether it was killed for its time. */
  readonly timedOut: boolean;
  /** Whether output is missing. */
  readonly truncated: boolean;
}

/** What `memory.remember` takes. */
export interface MemoryRememberInput {
  /** Up to 400 characters. */
  readonly text: string;
  /** Names of files that it is about, up to 20. */
  readonly files?: readonly string[];
}

/** What `http.fetch` takes. */
export interface HttpFetchInput {
  /** An address of http or https; its host has to be in `network.hosts` of the policy. */
  readonly url: string;
  /** @defaultValue 'GET' */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent. */
  readonly body?: string;
  /** Where in the body of the answer to begin, in bytes. @defaultValue 0 */
  readonly offset?: number;
  /** How much of it to answer, in bytes, up to 131,072. @defaultValue 65_536 */
  readonly limit?: number;
}

/** A page of an answer. Redirects are not followed: `headers.location` has the address. */
export interface HttpFetchOutput {
  readonly status: number;
  readonly url: string;
  /** The ones of use: type, length, `location`, `etag` and the like. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of an answer that is text. */
  readonly body?: string;
  /** Of any other. */
  readonly bodyBase64?: string;
  /** Where the next page begins; left out on the last one. */
  readonly nextOffset?: number;
}
