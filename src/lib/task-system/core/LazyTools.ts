import { TaskSystemError } from '../types/Errors.ts';
import type { CallTool, ListedTool, TaskTools, ToolPorts, ToolsProgram, WrapTools } from '../types/Tools.ts';
import { toolsProgramPath } from './childEntry.ts';

/** The tools as a handler gets them. The program behind them is loaded by the first use, and by nothing else. */
export class LazyTools implements TaskTools {
  readonly #ports: ToolPorts;
  #tools: TaskTools | undefined;

  constructor(ports: ToolPorts) {
    this.#ports = ports;
  }

  readonly call: CallTool = async (name, input, options) => this.#load().call(name, input, options);

  readonly wrap: WrapTools = (tools, execute) => this.#load().wrap(tools, execute);

  readonly list = async (): Promise<readonly ListedTool[]> => this.#load().list();

  #load(): TaskTools {
    this.#tools ??= loadProgram(toolsProgramPath()).createTools(this.#ports);
    return this.#tools;
  }
}

/** Not an import: nothing of it may be read before it is needed, and `wrap` is synchronous. */
function loadProgram(path: string): ToolsProgram {
  const { createRequire } = process.getBuiltinModule('node:module');
  const loaded: unknown = createRequire(path)(path);
  if (isProgram(loaded)) return loaded;
  throw new TaskSystemError('TOOL_INVALID', `${path} cannot be used`);
}

function isProgram(value: unknown): value is ToolsProgram {
  return typeof value === 'object' && value !== null && 'createTools' in value && typeof value.createTools === 'function';
}
