import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs one of the programs beside this folder in a fresh process and returns what it prints as JSON. */
export async function runProgram(name: string, args: readonly string[] = []): Promise<Readonly<Record<string, unknown>>> {
  const script = fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
  const { stdout } = await run(process.execPath, ['--expose-gc', script, ...args], { maxBuffer: 16 * 1024 * 1024 });
  const answer: unknown = JSON.parse(stdout);
  if (typeof answer !== 'object' || answer === null) throw new TypeError(`${name} printed no object`);
  return { ...answer };
}

/** A number out of such an answer. */
export function numberIn(answer: Readonly<Record<string, unknown>>, key: string): number {
  const value = answer[key];
  if (typeof value === 'number') return value;
  throw new TypeError(`"${key}" is missing`);
}
