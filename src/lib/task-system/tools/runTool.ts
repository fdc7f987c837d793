import { serializeError, TaskSystemError } from '../types/Errors.ts';
import { isRecord } from '../types/isRecord.ts';
import { stringifyJson, parseJson, type JsonValue } from '../types/Json.ts';
import type { Clock } from '../types/Ports.ts';
import { describeIssues } from '../types/StandardSchema.ts';
import type { ToolCallOptions } from '../types/Tools.ts';
import { unlessAborted } from '../types/unlessAborted.ts';
import { fitOutput, type FittedOutput } from './fitOutput.ts';
import type { ReadTool } from './readTools.ts';

/** How large an input may be as JSON, in bytes. */
export const MAX_INPUT_BYTES = 131_072;
/** How large an output may be as JSON, in bytes, whatever anybody says. */
export const MAX_OUTPUT_BYTES = 262_144;

/** An input that its schema has accepted. */
export interface CheckedInput {
  /** What `execute` gets. */
  readonly value: unknown;
  /** The same as JSON: what is decided and told. */
  readonly json: JsonValue;
}

/** Bounds of one call. */
export interface RunLimits {
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** Aborted when nobody waits for the call any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Checks an input by the schema of its tool.
 * @throws TaskSystemError `TOOL_INPUT_INVALID`.
 */
export async function checkInput(tool: { readonly name: string; readonly input: Pick<ReadTool['input'], 'validate'> }, input: unknown): Promise<CheckedInput> {
  const raw = asJson(tool.name, input ?? {});
  const result = await tool.input.validate(raw);
  if (result.issues !== undefined) throw invalidInput(tool.name, describeIssues(result.issues));
  return { value: result.value, json: asJson(tool.name, result.value) };
}

/**
 * Executes a call that was allowed, within its limits. Rejects at the end of its time even when the tool goes on.
 * @throws TaskSystemError `TOOL_TIMEOUT`, `TOOL_ABORTED`, `TOOL_OUTPUT_INVALID`; or what the tool throws.
 */
export async function runTool(tool: ReadTool, input: unknown, options: Omit<ToolCallOptions, 'abortSignal'>, limits: RunLimits): Promise<FittedOutput> {
  const { timeoutMs, maxOutputBytes, signal, clock } = limits;
  if (signal.aborted) throw aborted(tool.name, signal.reason);
  const stop = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => { stop.abort(timedOut(tool.name, timeoutMs)); });
  try {
    const working = unlessAborted(execute(tool, input, { ...options, abortSignal: stop.signal }), stop.signal);
    const output = await unlessAborted(working, signal, (reason) => {
      const error = aborted(tool.name, reason);
      stop.abort(error);
      return error;
    });
    return fitOutput(tool.name, output, Math.min(maxOutputBytes, MAX_OUTPUT_BYTES));
  } finally {
    timer.cancel();
  }
}

/** The error for an input that does not fit. */
export function invalidInput(tool: string, what: string): TaskSystemError {
  return new TaskSystemError('TOOL_INPUT_INVALID', `${tool}: ${what}`, { tool });
}

/** The error for a call that nobody waits for any more. */
export function aborted(tool: string, reason: unknown): TaskSystemError {
  return new TaskSystemError('TOOL_ABORTED', `${tool}: ${reason instanceof Error ? reason.message : 'it was aborted'}`, { tool }, reason === undefined ? {} : { cause: reason });
}

function timedOut(tool: string, timeoutMs: number): TaskSystemError {
  return new TaskSystemError('TOOL_TIMEOUT', `${tool} had ${String(timeoutMs)} ms`, { tool, timeoutMs });
}

async function execute(tool: ReadTool, input: unknown, options: ToolCallOptions): Promise<unknown> {
  if (tool.execute === undefined) throw new TaskSystemError('TOOL_INVALID', `Tool "${tool.name}" has no execute`, { tool: tool.name });
  const output = await lastOf(tool.execute(input, options), options.abortSignal);
  if (tool.output === undefined) return output;
  const result = await tool.output.validate(asOutput(tool.name, output));
  if (result.issues === undefined) return result.value;
  throw new TaskSystemError('TOOL_OUTPUT_INVALID', `The output of ${tool.name}: ${describeIssues(result.issues)}`, { tool: tool.name });
}

/** Of a tool that yields, the last value is its output; those before are for who watches in its own process. */
async function lastOf(output: unknown, signal: AbortSignal): Promise<unknown> {
  const settled: unknown = await output;
  if (!isAsyncIterable(settled)) return settled;
  let last: unknown;
  for await (const value of settled) {
    last = value;
    if (signal.aborted) break;
  }
  return last;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isRecord(value) && Symbol.asyncIterator in value;
}

function asOutput(tool: string, output: unknown): JsonValue {
  return fitOutput(tool, output, Infinity).value;
}

function asJson(tool: string, input: unknown): JsonValue {
  let text: string | undefined;
  try {
    text = stringifyJson(input);
  } catch (error) {
    throw invalidInput(tool, serializeError(error).message);
  }
  if (text === undefined) throw invalidInput(tool, `a ${typeof input} is not JSON`);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_INPUT_BYTES) throw invalidInput(tool, `it has ${String(bytes)} bytes as JSON, ${String(MAX_INPUT_BYTES)} are allowed`);
  return parseJson(text);
}
