import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { IsolationLevel } from '../../../src/lib/task-system/types/Isolation.ts';
import { run } from '../../support/run.ts';

const HOST = join(import.meta.dirname, 'host.ts');
const SETPRIV = '/usr/bin/setpriv';
/** Ends what hangs: more than ten times what the suite takes. */
export const SUITE_MS = 900_000;
/** The user "nobody", or any other that owns nothing. */
const STRANGER = '65534';

/** How each case ended at one level, by its id, and what was left afterwards. */
export type Outcomes = Readonly<Record<string, string | undefined>>;

/** Who the host is. */
export interface HostSettings {
  /** Runs it as a user without rights; only root can do that. @defaultValue false */
  readonly isStranger?: boolean;
  /** Only these scenarios, and all probes. @defaultValue all */
  readonly scenarios?: readonly string[];
}

/** Lets a host of its own run the hostile tasks at a level. It is started with a secret in its environment and with a file that is open. */
export async function outcomesAt(level: IsolationLevel, { isStranger = false, scenarios = [] }: HostSettings = {}): Promise<Outcomes> {
  const folder = mkdtempSync(join(tmpdir(), 'task-system-suite-'));
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'hush');
  // The user of the host may be another.
  chmodSync(folder, 0o755);
  try {
    // `sh` opens the file, and what it starts inherits it.
    const host = [process.execPath, '--disable-warning=ExperimentalWarning', HOST, level, ...scenarios];
    const command = isStranger ? [SETPRIV, '--reuid', STRANGER, '--regid', STRANGER, '--clear-groups', ...host] : host;
    const { code, stdout, stderr } = await run('/bin/sh', ['-c', 'exec "$@" 7<"$0"', secret, ...command], {
      cwd: '/', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: isStranger ? '/nonexistent' : process.env['HOME'] ?? '/', TASK_SYSTEM_TEST_SECRET: 'hush', NODE_PATH: '/nowhere' }, timeoutMs: SUITE_MS,
    });
    if (code !== 0) throw new Error(`the host ended with ${String(code)}: ${stderr}`);
    return readOutcomes(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether this user can start a host as another one, and that one can read what the host consists of. */
export function canBeStranger(): boolean {
  if (process.getuid?.() !== 0) return false;
  const { status } = spawnSync(SETPRIV, ['--reuid', STRANGER, '--regid', STRANGER, '--clear-groups', process.execPath, '-e', `require('node:fs').readFileSync(${JSON.stringify(HOST)})`]);
  return status === 0;
}

function readOutcomes(json: string): Outcomes {
  return z.record(z.string(), z.string()).parse(JSON.parse(json));
}
