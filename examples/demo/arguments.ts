import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What the demo was asked to do. */
export interface DemoArguments {
  /** Absolute path of the code base. */
  readonly folder: string;
  /** Absolute path of the folder for the database, the workspaces and the reports. */
  readonly root: string;
  readonly kill: boolean;
  readonly port: number;
  /** Undefined: what fits the output. */
  readonly paceMs: number | undefined;
}

/** What `--help` prints. */
export const USAGE = `Usage: npm run demo -- [folder] [--kill] [--pace <s>] [--root <dir>] [--port <n>]

Reports on a code base with tasks that run in child processes, and shows them live.

  folder          the code base (default: the folder where it is run)
  --kill          kill the host with SIGKILL when a third of the scans are done, then start it again
  --pace <s>      seconds that each task takes at least, so that there is something to see
                  (default: 2 in a terminal, 0 elsewhere)
  --root <dir>    where the database, the workspaces and the reports lie (default: .task-system/demo)
  --port <n>      port of the HTTP server on 127.0.0.1 (default: any free one)
  --help          this text`;

/** Says what is wrong with the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads the command line; 'help' when that is asked for.
 * @throws UsageError when it cannot be understood.
 */
export function parseArguments(args: readonly string[], cwd: string): DemoArguments | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (positionals.length > 1) throw new UsageError(`one folder, please, instead of ${positionals.length}: ${positionals.join(', ')}`);
  return {
    folder: resolve(cwd, positionals[0] ?? '.'),
    root: resolve(cwd, values.root ?? '.task-system/demo'),
    kill: values.kill,
    port: readNumber('--port', values.port ?? '0', 65_535),
    paceMs: values.pace === undefined ? undefined : readNumber('--pace', values.pace, 600) * 1_000,
  };
}

function parse(args: readonly string[]): ReturnType<typeof parseStrictly> {
  try {
    return parseStrictly(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const parseStrictly = (args: readonly string[]) => parseArgs({
  args: [...args],
  allowPositionals: true,
  options: {
    kill: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    pace: { type: 'string' },
    root: { type: 'string' },
    port: { type: 'string' },
  },
});

function readNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > most) {
    throw new UsageError(`${option} takes a number from 0 to ${most}, not "${text}"`);
  }
  return option === '--port' ? Math.trunc(value) : value;
}
