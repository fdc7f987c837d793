import type { BuiltContext, ContextCompaction, ContextProgram, ContextReport, NotesMessage, PrepareContext, StartContext, TaskProjectContext } from '../types/Context.ts';
import { TaskSystemError } from '../types/Errors.ts';
import { parseJson, type JsonValue } from '../types/Json.ts';
import type { HostMethod } from '../types/Protocol.ts';
import { loadProgram } from './loadProgram.ts';

/** What the context of a task needs of the process it lives in. */
export interface LazyContextPorts {
  readonly call: (method: HostMethod, params: JsonValue) => Promise<JsonValue>;
  /** What the host has read; undefined for a project without files. */
  readonly context?: StartContext;
}

/** The project as a task sees it. The program that counts and builds is loaded by the first access, and by nothing else. */
export class LazyContext implements TaskProjectContext {
  readonly #ports: LazyContextPorts;
  #program: ContextProgram | undefined;
  #built: BuiltContext | undefined;
  #prepare: PrepareContext | undefined;

  constructor(ports: LazyContextPorts) {
    this.#ports = ports;
  }

  get instructions(): string {
    return this.#build().instructions;
  }

  get messages(): readonly NotesMessage[] {
    return this.#build().messages;
  }

  get report(): ContextReport {
    return this.#build().report;
  }

  readonly prepare: PrepareContext = async (messages, options) => {
    const built = this.#build();
    this.#prepare ??= this.#load().createPreparer(built, this.#ports.context?.encoding ?? 'o200k');
    const prepared = await this.#prepare(messages, options);
    const { compaction } = prepared.report;
    if (compaction.dropped + compaction.masked > 0) this.#tell(built.report, compaction);
    return prepared;
  };

  readonly remember = async (text: string, options: { readonly files?: readonly string[] } = {}): Promise<void> => {
    await this.#ports.call('remember', parseJson(JSON.stringify({ text, ...options })));
  };

  #build(): BuiltContext {
    if (this.#built !== undefined) return this.#built;
    const { context } = this.#ports;
    if (context === undefined || context.files.length === 0) return NOTHING;
    this.#built = this.#load().buildContext(context);
    this.#tell(this.#built.report);
    return this.#built;
  }

  #load(): ContextProgram {
    this.#program ??= loadBuilder(this.#ports.context?.program);
    return this.#program;
  }

  /** For whoever watches; the handler need not wait for it. */
  #tell(report: ContextReport, compaction?: ContextCompaction): void {
    const params = parseJson(JSON.stringify({ ...report, ...(compaction === undefined ? {} : { compaction }) }));
    this.#ports.call('context', params).catch(() => undefined);
  }
}

const NOTHING: BuiltContext = { instructions: '', messages: [], report: { files: [], usedTokens: 0, maxTokens: 0 } };

function loadBuilder(path: string | undefined): ContextProgram {
  const loaded = path === undefined ? undefined : loadProgram(path);
  if (isProgram(loaded)) return loaded;
  throw new TaskSystemError('CONTEXT_UNAVAILABLE', `${path ?? 'no program'} cannot be used`);
}

function isProgram(value: unknown): value is ContextProgram {
  return typeof value === 'object' && value !== null && 'buildContext' in value && typeof value.buildContext === 'function' && 'createPreparer' in value && typeof value.createPreparer === 'function';
}
