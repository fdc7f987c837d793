import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './files.ts';

/** What a program printed, and how it ended. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Ends what hangs, so that a failed test leaves nothing behind. */
const TIMEOUT_MS = 600_000;

/** Where and how a program runs; `timeoutMs` after which it is killed: 10 min by default, which no slow machine needs. */
export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Runs a program to its end. Never rejects because of its exit code. */
export function run(command: string, args: readonly string[], { timeoutMs = TIMEOUT_MS, ...options }: RunOptions): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  execFile(command, args, { ...options, maxBuffer: MAX_OUTPUT_BYTES, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
    if (error !== null && typeof error.code !== 'number') reject(new Error(`${command} ${args.join(' ')} did not come to an end of its own\n${stdout}\n${stderr}`, { cause: error }));
    else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}

/** Runs a program and gives what it printed. Rejects with all of it when it fails. */
export async function runOrThrow(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs Node on a script. */
export function runNode(script: string, cwd: string): Promise<RunResult> {
  return run(process.execPath, [script], { cwd });
}

/** The TypeScript compiler's check of a folder with its own tsconfig.json: its complaints, empty when there are none. */
export async function typeCheck(directory: string): Promise<string> {
  const compiler = path.join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  return (await run(process.execPath, [compiler, '-p', directory], { cwd: directory })).stdout;
}

/** A Node older than the library supports, if this machine has one: looked for where the shell would, outside this repository. */
export function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '' && !folder.includes('node_modules'));
  return folders.map((folder) => path.join(folder, 'node')).find((file) => existsSync(file) && isOld(file));
}

function isOld(node: string): boolean {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = stdout.trim().replace('v', '').split('.').map(Number);
  return major < 22 || (major === 22 && minor < 18);
}
