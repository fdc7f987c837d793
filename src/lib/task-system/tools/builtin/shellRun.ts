import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { serializeError, TaskSystemError } from '../../types/Errors.ts';
import type { JsonObject, JsonValue } from '../../types/Json.ts';
import type { ToolCallOptions } from '../../types/Tools.ts';
import { numberOf, PATH_SCHEMA, textOf, type BuiltIn } from './BuiltIn.ts';
import { OutputTail } from './OutputTail.ts';

const OUTPUT_BYTES = 65_536;
const MAX_STREAM_BYTES = 98_304;
/** How long output may still come when the program itself has ended: what it left behind may hold the pipe open. */
const DRAIN_MS = 200;
/** How long a call may take: builds and tests do. A policy can lower it. */
const TIMEOUT_MS = 600_000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs a program or a script of the shell. */
export const shellRun: BuiltIn = {
  name: 'shell.run',
  description: 'Runs a program with its arguments (command), or a script of /bin/sh (script), in the workspace. Answers with the exit code and what was printed; of long output the beginning and the end.',
  inputSchema: {
    type: 'object', additionalProperties: false, oneOf: [{ required: ['command'] }, { required: ['script'] }],
    properties: {
      command: { type: 'array', minItems: 1, maxItems: 1_024, items: { type: 'string', maxLength: 65_536 }, description: 'The program and its arguments, each by itself; no shell looks at them.' },
      script: { type: 'string', minLength: 1, maxLength: 65_536 },
      cwd: { ...PATH_SCHEMA, default: '.', description: 'The folder to run in, relative to the workspace.' },
      stdin: { type: 'string', description: 'What the program reads.' },
      timeoutMs: { type: 'integer', minimum: 1, maximum: TIMEOUT_MS, default: 120_000, description: 'After this long the program is killed, with all it started.' },
      maxOutputBytes: { type: 'integer', minimum: 256, maximum: MAX_STREAM_BYTES, default: OUTPUT_BYTES, description: 'How much of stdout, and of stderr, is answered.' },
    },
  },
  annotations: { title: 'Run a command', destructiveHint: true, openWorldHint: true },
  timeoutMs: TIMEOUT_MS,
  async run(input, place, options) {
    const { root, names } = place.find(input['cwd'] ?? '.');
    // The folder that was looked at, and not what its path leads to by the time the program starts.
    return root.inFolder(names, (folder) => runProgram(input, folder.way, options));
  },
};

async function runProgram(input: JsonObject, cwd: string, { abortSignal, onOutput }: ToolCallOptions): Promise<JsonObject> {
  const [program = '', ...args] = typeof input['script'] === 'string' ? ['/bin/sh', '-c', input['script']] : wordsOf(input['command']);
  const startedAt = performance.now();
  const child = spawn(program, args, { cwd, stdio: 'pipe', detached: true });
  const most = numberOf(input['maxOutputBytes'], OUTPUT_BYTES);
  const stdout = collect(child.stdout, most, (text) => { onOutput({ stream: 'stdout', text }); });
  const stderr = collect(child.stderr, most, (text) => { onOutput({ stream: 'stderr', text }); });
  let timedOut = false;
  const timer = setTimeout(() => { timedOut = true; killGroup(child); }, numberOf(input['timeoutMs'], TIMEOUT_MS));
  const onAbort = (): void => { killGroup(child); };
  abortSignal.addEventListener('abort', onAbort, { once: true });
  if (abortSignal.aborted) onAbort();
  try {
    feed(child, textOf(input['stdin']));
    const { code, signal } = await endOf(child, program);
    await Promise.race([Promise.all([stdout.ended, stderr.ended]), pause(DRAIN_MS)]);
    const [printed, complained] = [stdout.output.result(), stderr.output.result()];
    return {
      exitCode: code, ...(signal === null ? {} : { signal }), stdout: printed.text, stderr: complained.text,
      durationMs: Math.round(performance.now() - startedAt), timedOut, truncated: printed.isCut || complained.isCut,
    };
  } finally {
    clearTimeout(timer);
    abortSignal.removeEventListener('abort', onAbort);
    // What it left running ends with the call.
    killGroup(child);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function collect(stream: Readable, maxBytes: number, onText: (text: string) => void): { readonly output: OutputTail; readonly ended: Promise<void> } {
  const output = new OutputTail(maxBytes);
  const decoder = new TextDecoder();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  stream.on('data', (chunk: Buffer) => {
    output.push(chunk);
    onText(decoder.decode(chunk, { stream: true }));
  });
  stream.on('error', () => undefined).once('close', () => { resolve(undefined); }).once('end', () => { resolve(undefined); });
  return { output, ended: promise.then(() => undefined) };
}

function endOf(child: ChildProcess, program: string): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  child.once('exit', (code, signal) => { resolve({ code, signal }); });
  child.once('error', (error) => {
    reject(new TaskSystemError('TOOL_FAILED', `shell.run: ${JSON.stringify(program.slice(0, 256))} could not be started: ${serializeError(error).message}`, { tool: 'shell.run' }));
  });
  return promise;
}

/** A program that does not read is no fault of the call. */
function feed({ stdin }: ChildProcess, text: string): void {
  stdin?.on('error', () => undefined);
  stdin?.end(text);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone, and so is all of its group.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref(); });
}

function wordsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}
