import {
  appendFileSync, closeSync, existsSync, fstatSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync, writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import { anyOf, stopped } from '../attempt.mjs';

const MIB = 1_048_576;
const own = fileURLToPath(import.meta.url);

/** Opened for writing, and nothing written: that is enough to know. */
const opens = (path) => () => { closeSync(openSync(path, 'r+')); };

/** Probes of the files of the host. `outside` is a file that everybody may read and write, in a folder that everybody may write. */
export function fileProbes({ outside, neighbour, app, root }, workspace) {
  const inside = (name) => workspace.resolve(name);
  return {
    F00: () => { writeFileSync(inside('own'), 'mine'); readFileSync(inside('own')); },
    F01: () => readFileSync('/etc/passwd'),
    F02: () => anyOf(() => readFileSync(neighbour), () => readFileSync(join('..', neighbour.split('/').at(-2), 'notes')), () => readdirSync(root)),
    F03: () => anyOf(() => writeFileSync(`${outside}.new`, ''), () => appendFileSync(outside, 'x'), () => mkdirSync(`${outside}.folder`)),
    F04: () => { symlinkSync(outside, inside('link')); readFileSync(inside('link')); },
    F06: async () => {
      // The host plants the link when it sees this file, and tells so by another.
      writeFileSync(inside('plant-here'), '');
      while (!existsSync(inside('planted'))) await delay(5);
      readFileSync(inside('planted-link'));
    },
    F08: () => linkSync(own, inside('hard')),
    F09: () => { if (readdirSync(workspace.path).length === 0) throw stopped('EMPTY'); },
    F10: () => anyOf(() => readFileSync(`/proc/self/root${outside}`), () => readFileSync(`/proc/1/root${outside}`), () => readFileSync(`/proc/self/cwd/../../../../../../..${outside}`)),
    F11: () => anyOf(
      () => readFileSync(Buffer.from(outside)), () => readFileSync(new URL(`file://${outside}`)), () => readFileSync(new Uint8Array(Buffer.from(outside)).toString()),
      () => readFileSync(`${dirname(outside)}/./outside`), () => readFileSync(`${outside}\0`), () => readFileSync(outside.replaceAll('/', '%2f')), () => readFileSync(`/${'a'.repeat(4_096)}`),
    ),
    F12: () => readFileSync(join(app, '.ENV')),
    F13: () => anyOf(opens(join(app, '.git/config')), () => writeFileSync(join(app, '.git/hooks/pre-commit'), '')),
    F14: () => anyOf(() => writeFileSync(join(app, '.npmrc'), ''), opens(join(app, '.env')), () => mkdirSync(join(app, '.vscode'))),
    F18: () => {
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite') ?? {};
      if (DatabaseSync === undefined) throw stopped('NO_MODULE');
      return anyOf(() => new DatabaseSync(`${outside}.db`).exec('CREATE TABLE t (x)'), () => new DatabaseSync(':memory:').exec(`ATTACH '${outside}.attached' AS a; CREATE TABLE a.t (x)`), () => new DatabaseSync(':memory:').exec(`VACUUM INTO '${outside}.vacuum'`));
    },
    F19: () => anyOf(
      () => { process.report.writeReport(`${outside}.report`); if (!existsSync(`${outside}.report`)) throw stopped('NO_FILE'); },
      () => { writeHeapSnapshot(`${outside}.heap`); },
    ),
    F20: () => anyOf(opens(process.argv[1]), opens(own), opens(process.execPath)),
    F22: () => { renameSync(workspace.path, `${workspace.path}.moved`); renameSync(`${workspace.path}.moved`, workspace.path); },
    F23: () => readFileSync(join(app, '.env')),
    F24: () => readFileSync(outside),
    F25: () => readdirSync('/usr/src'),
    R06: () => anyOf(() => fill('/dev/shm/task-system-test', 24), () => fill('/tmp/task-system-test-fill', 80)),
    P13: () => inherited(4),
  };
}

/** Fills a folder that lies in memory. */
function fill(path, megabytes) {
  const file = openSync(path, 'w');
  try {
    const block = Buffer.alloc(MIB, 1);
    for (let written = 0; written < megabytes; written++) writeSync(file, block);
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}

/** What lies behind a descriptor that the host was started with: any file of another number may be this process's own. */
function inherited(from) {
  for (let fd = from; fd < 64; fd++) {
    try {
      if (!fstatSync(fd).isFile() || !readFileSync(fd, 'utf8').includes('hush')) continue;
      return undefined;
    } catch {
      // Not open, or nothing to read.
    }
  }
  throw stopped('NONE');
}
