/** A file of a project as the host read it. */
export interface RawContextFile {
  readonly name: string;
  /** Instructions are for the model to follow; notes are quoted to it as data. */
  readonly as: 'instructions' | 'notes';
  readonly text: string;
  /** Size on the disk, in bytes. */
  readonly rawBytes: number;
  /** SHA-256 of what was read, in hex. */
  readonly hash: string;
  /** What may be used of it at most, over the bound for all files. */
  readonly maxTokens?: number;
}

/** What a child is given to build its context from. */
export interface StartContext {
  readonly files: readonly RawContextFile[];
  readonly maxTokens: number;
  readonly maxFileTokens: number;
  readonly encoding: 'o200k' | 'cl100k';
  /** Absolute path of the program that builds; nothing of it is loaded before it is needed. */
  readonly program: string;
}

/** What was used of one file. */
export interface ContextFileReport {
  readonly name: string;
  readonly as: 'instructions' | 'notes';
  /** Size on the disk, in bytes. */
  readonly rawBytes: number;
  /** Tokens of what was read. */
  readonly rawTokens: number;
  /** Tokens of what is used; less than `rawTokens` when it was cut. */
  readonly usedTokens: number;
  /** SHA-256 of what was read, in hex. */
  readonly hash: string;
}

/** What the context of a task consists of. */
export interface ContextReport {
  readonly files: readonly ContextFileReport[];
  /** Tokens of instructions and messages together, with the words around the files. */
  readonly usedTokens: number;
  /** The budget. */
  readonly maxTokens: number;
}

/** What a compaction did, as `task:context` tells it. */
export interface ContextCompaction {
  /** Tokens before; left out when nothing had to be counted. */
  readonly before?: number;
  readonly after?: number;
  /** Messages left out, and messages of which a part was left out. */
  readonly dropped: number;
  readonly masked: number;
  readonly ms: number;
}

/** A message that a context adds to a conversation. */
export interface NotesMessage {
  readonly role: 'user';
  readonly content: string;
}

/** The context as it was built. */
export interface BuiltContext {
  readonly instructions: string;
  readonly messages: readonly NotesMessage[];
  readonly report: ContextReport;
}

/** What the program that builds contexts exports. */
export interface ContextProgram {
  readonly buildContext: (start: StartContext) => BuiltContext;
}

/** What a task knows of its project, and what the project shall know of the task. Built when one of these is first asked for. */
export interface TaskProjectContext {
  /** SOUL.md, PROJECT.md and other files that are instructions, within their budgets. Empty when there are none. */
  readonly instructions: string;
  /** MEMORY.md and other notes, as one message of the user that quotes them. Empty when there are none. */
  readonly messages: readonly NotesMessage[];
  /** What was read and what is used of it, in tokens. */
  readonly report: ContextReport;
  /**
   * Says what the project's memory shall keep of this task; written when the task has completed. The first text is the summary,
   * the others stand below it. Up to 12 texts of 400 characters are kept.
   * @throws TaskSystemError `MEMORY_FORBIDDEN` when the type may not write, or when it is far too much.
   */
  readonly remember: (text: string, options?: { readonly files?: readonly string[] }) => Promise<void>;
}
