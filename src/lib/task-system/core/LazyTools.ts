import { TaskSystemError } from '../types/Errors.ts';
import type { CallTool, ListedTool, TaskTools, ToolPorts, ToolsProgram, WrapTools } from '../types/Tools.ts';
import { toolsProgramPath } from './childEntry.ts';
import { loadProgram } from './loadProgram.ts';

/** The tools as a handler gets them. The program behind them is loaded by the first use, and by nothing else. */
export class LazyTools implements TaskTools {
  readonly #portsOf: () => ToolPorts;
  #tools: TaskTools | undefined;

  /** @param portsOf what the tools need of the process; not asked before the first use either. */
  constructor(portsOf: () => ToolPorts) {
    this.#portsOf = portsOf;
  }

  readonly call: CallTool = async (name, input, options) => this.#load().call(name, input, options);

  readonly wrap: WrapTools = (tools, execute) => this.#load().wrap(tools, execute);

  readonly list = async (): Promise<readonly ListedTool[]> => this.#load().list();

  #load(): TaskTools {
    this.#tools ??= loadTools(toolsProgramPath()).createTools(this.#portsOf());
    return this.#tools;
  }
}

function loadTools(path: string): ToolsProgram {
  const loaded = loadProgram(path);
  if (isProgram(loaded)) return loaded;
  throw new TaskSystemError('TOOL_INVALID', `${path} cannot be used`);
}

function isProgram(value: unknown): value is ToolsProgram {
  return typeof value === 'object' && value !== null && 'createTools' in value && typeof value.createTools === 'function';
}
