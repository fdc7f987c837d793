import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { childEntryPath } from '../core/childEntry.ts';
import { examine } from '../policy/sandbox/doctor.ts';
import { serializeError } from '../types/Errors.ts';
import { isAtLeast, ISOLATION_LEVELS, type DoctorReport, type IsolationLevel } from '../types/Isolation.ts';
import { systemClock } from '../types/Ports.ts';
import { doctorPage } from './doctorPage.ts';

const USAGE = `Usage: task-system doctor [--require <level>] [--root <directory>] [--cgroup <directory>] [--json]

Starts a canary process at each level of isolation and tells what works on this machine, what is missing, and how to get it.

  --require <level>   the least level that counts as success: ${[...ISOLATION_LEVELS].reverse().join(', ')} (default: kernel)
  --root <directory>  where the task system will have its root (default: a temporary directory)
  --cgroup <path>     the group of cgroups v2 that the host will get (\`sandbox.cgroup\`), or own (default: none)
  --json              the report as JSON, as \`tasks.doctor()\` returns it

Exit code: 0 when the required level works, 1 when it does not, 2 when the command was not understood.
`;

const EXIT = { good: 0, lacking: 1, misuse: 2 } as const;

/** Where a command writes, and whom it asks. */
export interface CommandPorts {
  readonly print: (text: string) => void;
  /** For what went wrong. */
  readonly complain: (text: string) => void;
  /** @param root a directory that exists. @param cgroup what `sandbox.cgroup` will be. @defaultValue starts real canaries */
  readonly examine?: (root: string, cgroup: string | undefined) => Promise<DoctorReport>;
}

/** Runs the command that arguments name; resolves with the exit code. Never rejects. */
export async function runCommand(args: readonly string[], ports: CommandPorts): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    if (values.help || (positionals.length === 1 && positionals[0] === 'help')) {
      ports.print(USAGE);
      return EXIT.good;
    }
    const required = levelNamed(values.require);
    if (positionals.length !== 1 || positionals[0] !== 'doctor' || required === undefined) return misuse(describe(positionals, values.require), ports);
    if (values.root !== undefined && !existsSync(values.root)) return misuse(`--root: there is no directory "${values.root}"`, ports);
    return await doctor({ required, root: values.root, cgroup: values.cgroup, isJson: values.json }, ports);
  } catch (error) {
    return misuse(serializeError(error).message, ports);
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      require: { type: 'string', default: 'kernel' },
      root: { type: 'string' },
      cgroup: { type: 'string' },
    },
    allowPositionals: true,
  });
}

interface DoctorRequest {
  readonly required: IsolationLevel;
  readonly root: string | undefined;
  readonly cgroup: string | undefined;
  readonly isJson: boolean;
}

async function doctor({ required, root, cgroup, isJson }: DoctorRequest, { print, examine: ask = examineHere }: CommandPorts): Promise<number> {
  const report = await within(root, (directory) => ask(directory, cgroup));
  const isReached = report.levels.some(({ level, available }) => available && isAtLeast(level, required));
  print(isJson ? `${JSON.stringify(report, undefined, 2)}\n` : doctorPage(report, required));
  return isReached ? EXIT.good : EXIT.lacking;
}

/** A place for the canaries: the given one, or one that goes again. */
async function within<Result>(root: string | undefined, work: (root: string) => Promise<Result>): Promise<Result> {
  if (root !== undefined) return work(resolve(root));
  const directory = mkdtempSync(join(tmpdir(), 'task-system-doctor-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function examineHere(root: string, cgroup: string | undefined): Promise<DoctorReport> {
  return examine({ entry: childEntryPath(), root, spawn, clock: systemClock }, { types: new Map(), sandbox: { env: [], niceness: 0, ...(cgroup === undefined ? {} : { cgroup }) } });
}

function levelNamed(name: string): IsolationLevel | undefined {
  return ISOLATION_LEVELS.find((level) => level === name);
}

function describe(positionals: readonly string[], required: string): string {
  if (levelNamed(required) === undefined) return `--require: there is no level "${required}"`;
  return positionals.length === 0 ? 'no command was given' : `there is no command "${positionals.join(' ')}"`;
}

function misuse(what: string, { complain }: CommandPorts): number {
  complain(`task-system: ${what}\n\n${USAGE}`);
  return EXIT.misuse;
}
