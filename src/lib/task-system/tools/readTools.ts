import { TaskSystemError } from '../types/Errors.ts';
import { isRecord } from '../types/isRecord.ts';
import type { JsonObject } from '../types/Json.ts';
import type { ExecuteAny, ToolAnnotations, ToolCallOptions, ToolLike, ToolSet } from '../types/Tools.ts';
import { readSchema, type ReadSchema } from './schema/readSchema.ts';

/** How long a call may take when nobody says. */
const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 86_400_000;
const MAX_DESCRIPTION = 16_384;
const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;
const NAME = /^[A-Za-z0-9_][\w.:/-]{0,127}$/;

/** A tool that can be used: whatever shape it came in. */
export interface ReadTool {
  readonly name: string;
  readonly description: string;
  readonly input: ReadSchema;
  readonly output?: ReadSchema;
  readonly runsIn: 'task' | 'host';
  readonly timeoutMs: number;
  readonly annotations: ToolAnnotations;
  /** Undefined for a tool of the host, seen from a task. */
  readonly execute?: (input: unknown, options: ToolCallOptions) => unknown;
}

/** Whether a text can be the name of a tool. */
export function isToolName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

/** Whether a name belongs to the built-in tools, of which policies speak: no other tool may pass for one. */
export function isReservedName(name: string): boolean {
  return /^(?:fs|shell|http|memory)\./.test(name);
}

/** The tools of a set with the names they go by. */
export function entriesOf(set: ToolSet): readonly (readonly [name: string | undefined, tool: ToolLike])[] {
  return isList(set) ? set.map((tool) => [tool.name, tool]) : Object.entries(set).map(([key, tool]) => [tool.name ?? key, tool]);
}

function isList(set: ToolSet): set is readonly ToolLike[] {
  return Array.isArray(set);
}

/**
 * Reads a tool of any shape that is known: made by `defineTool`, by the AI SDK, or listed by an MCP server.
 * @param place where it runs when it does not say. @param fallback runs it when it has no function of its own.
 * @throws TaskSystemError `TOOL_INVALID`.
 */
export function readTool(name: string | undefined, tool: unknown, place: 'task' | 'host', fallback?: ExecuteAny): ReadTool {
  if (!isToolName(name)) throw invalid(String(name), 'its name is not made of letters, digits and "_.:/-", or is too long');
  if (!isRecord(tool)) throw invalid(name, 'it is no object');
  const { description, inputSchema, outputSchema, execute, runsIn = place, timeoutMs = DEFAULT_TIMEOUT_MS, annotations } = tool;
  const input = readSchema(inputSchema);
  const output = outputSchema === undefined ? undefined : readSchema(outputSchema);
  if (input === undefined) throw invalid(name, 'its inputSchema is neither a Standard Schema nor a JSON Schema');
  if (outputSchema !== undefined && output === undefined) throw invalid(name, 'its outputSchema is neither a Standard Schema nor a JSON Schema');
  if (runsIn !== 'task' && runsIn !== 'host') throw invalid(name, 'runsIn is neither "task" nor "host"');
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) throw invalid(name, `timeoutMs is no number from 1 to ${String(MAX_TIMEOUT_MS)}`);
  const run = functionOf(name, tool, execute, fallback);
  if (run === undefined && !(runsIn === 'host' && place === 'task')) throw invalid(name, 'it has no execute');
  return {
    name, input, runsIn, timeoutMs,
    description: typeof description === 'string' ? description.slice(0, MAX_DESCRIPTION) : '',
    annotations: readAnnotations(tool, annotations),
    ...(output === undefined ? {} : { output }),
    ...(run === undefined ? {} : { execute: run }),
  };
}

function functionOf(name: string, tool: object, execute: unknown, fallback: ExecuteAny | undefined): ReadTool['execute'] {
  if (typeof execute === 'function') {
    return (input, options) => {
      const output: unknown = Reflect.apply(execute, tool, [input, options]);
      return output;
    };
  }
  return fallback === undefined ? undefined : (input, options) => fallback(name, toObject(input), options);
}

function toObject(input: unknown): JsonObject {
  // Checked by the schema of the tool; what is no object says nothing.
  return isJsonRecord(input) ? input : {};
}

function isJsonRecord(value: unknown): value is JsonObject {
  return isRecord(value);
}

function readAnnotations(tool: Readonly<Record<string, unknown>>, annotations: unknown): ToolAnnotations {
  const source = isRecord(annotations) ? annotations : {};
  const title = source['title'] ?? tool['title'];
  const hints = HINTS.flatMap((key): readonly (readonly [string, boolean])[] => {
    const hint = source[key];
    return typeof hint === 'boolean' ? [[key, hint]] : [];
  });
  return { ...(typeof title === 'string' ? { title: title.slice(0, 256) } : {}), ...Object.fromEntries(hints) };
}

function invalid(name: string, what: string): TaskSystemError {
  return new TaskSystemError('TOOL_INVALID', `Tool "${name.slice(0, 128)}": ${what}`, { tool: name.slice(0, 128) });
}
