import { TaskSystemError } from '../../types/Errors.ts';
import { isRecord } from '../../types/isRecord.ts';
import type { JsonObject, JsonValue } from '../../types/Json.ts';
import { readTaskPath } from '../../types/taskPath.ts';
import type { ToolAnnotations, ToolCallOptions } from '../../types/Tools.ts';
import { FileProblem } from '../files/FileProblem.ts';
import { Root } from '../files/Root.ts';

/** What built-in tools work on. */
export interface BuiltInPorts {
  /** Absolute path of the workspace. */
  readonly workspace: string;
  /** Absolute path of the project's directory, where the task may see it. */
  readonly project?: string;
}

/** A built-in tool as it is written down: its input has been checked against the schema when `run` gets it. */
export interface BuiltIn {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly annotations: ToolAnnotations;
  readonly timeoutMs?: number;
  readonly run: (input: JsonObject, place: Place, options: ToolCallOptions) => Promise<JsonObject>;
}

/** A path, as tools take it. */
export const PATH_SCHEMA: JsonObject = { type: 'string', minLength: 1, maxLength: 4_096 };

/** A file or folder that a call names. */
export interface Named {
  readonly root: Root;
  readonly names: readonly string[];
  /** The path in its plain form. */
  readonly path: string;
}

/** The directories of a task, as tools reach them. */
export class Place {
  readonly workspace: string;
  readonly #workspace: Root;
  readonly #project: Root | undefined;

  constructor({ workspace, project }: BuiltInPorts) {
    this.workspace = workspace;
    this.#workspace = new Root(workspace);
    this.#project = project === undefined ? undefined : new Root(project);
  }

  /** @throws FileProblem when the path leads out. The host has decided about the very same path. */
  find(value: JsonValue | undefined): Named {
    const path = readTaskPath(value);
    if (typeof path === 'string') throw new FileProblem('EPATH', path);
    const root = path.inProject ? this.#project : this.#workspace;
    if (root === undefined) throw new FileProblem('EPATH', 'the directory of the project is out of sight of the task');
    const plain = path.names.join('/') || '.';
    return { root, names: path.names, path: path.inProject ? `project:${plain}` : plain };
  }
}

/** Runs a built-in tool; what goes wrong with files becomes an error that a model can read. */
export async function runBuiltIn(tool: BuiltIn, input: unknown, place: Place, options: ToolCallOptions): Promise<JsonObject> {
  const fields = isFields(input) ? input : {};
  try {
    return await tool.run(fields, place, options);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    const path = typeof fields['path'] === 'string' ? fields['path'].slice(0, 512) : '.';
    throw new TaskSystemError('TOOL_FAILED', `${tool.name} ${JSON.stringify(path)}: ${error.message}`, { tool: tool.name, path, reason: error.reason });
  }
}

/** A whole number of an input that its schema has checked. */
export function numberOf(value: JsonValue | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

/** A text of an input that its schema has checked. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isFields(input: unknown): input is JsonObject {
  return isRecord(input);
}
