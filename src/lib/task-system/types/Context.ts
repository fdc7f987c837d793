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

/** How a conversation is brought within a budget. */
export interface PrepareOptions<Message extends { readonly role: string }> {
  /** What instructions, notes, conversation and tools may take together, in tokens. */
  readonly maxTokens: number;
  /** Messages that stay as they are. */
  readonly pins?: readonly (number | Message)[] | ((message: Message, place: number) => boolean);
  /** How many of the last messages stay as long as there is room. @defaultValue 4 */
  readonly keepRecent?: number;
  /** Writes a summary of what is left out; the note does without it when it fails. */
  readonly summarize?: (request: { readonly messages: readonly Message[]; readonly maxTokens: number; readonly signal: AbortSignal }) => string | Promise<string>;
  /** Definitions of the tools that are sent along. They are counted. */
  readonly tools?: unknown;
  /** Tokens to leave free for the answer. @defaultValue 0 */
  readonly reserveTokens?: number;
}

/** A conversation that is ready for a model. */
export interface PreparedContext<Message extends { readonly role: string }> {
  /** For the model's instructions (the system prompt). */
  readonly instructions: string;
  /** The project's notes, then the conversation. */
  readonly messages: readonly (Message | NotesMessage)[];
  readonly report: ContextReport & { readonly compaction: ContextCompaction };
}

/** What the program that builds contexts exports. */
export interface ContextProgram {
  readonly buildContext: (start: StartContext) => BuiltContext;
  /** Brings a conversation within a budget, again and again: each message is counted once. */
  readonly createPreparer: (built: BuiltContext, encoding: StartContext['encoding']) => PrepareContext;
}

/** See `TaskProjectContext.prepare`. */
export type PrepareContext = <Message extends { readonly role: string }>(messages: readonly Message[], options: PrepareOptions<Message>) => Promise<PreparedContext<Message>>;

/** What a task knows of its project, and what the project shall know of the task. Built when one of these is first asked for. */
export interface TaskProjectContext {
  /** SOUL.md, PROJECT.md and other files that are instructions, within their budgets. Empty when there are none. */
  readonly instructions: string;
  /** MEMORY.md and other notes, as one message of the user that quotes them. Empty when there are none. */
  readonly messages: readonly NotesMessage[];
  /** What was read and what is used of it, in tokens. */
  readonly report: ContextReport;
  /**
   * Puts the notes before a conversation (OpenAI's chat API or the AI SDK) and brings all of it within a budget, without a model.
   * @throws TaskSystemError `CONTEXT_TOO_SMALL` when what must stay does not fit.
   */
  readonly prepare: PrepareContext;
  /**
   * Says what the project's memory shall keep of this task; written when the task has completed. The first text is the summary,
   * the others stand below it. Up to 12 texts of 400 characters are kept.
   * @throws TaskSystemError `MEMORY_FORBIDDEN` when the type may not write, or when it is far too much.
   */
  readonly remember: (text: string, options?: { readonly files?: readonly string[] }) => Promise<void>;
}
