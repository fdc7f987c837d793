import { existsSync } from 'node:fs';

/**
 * The file that the thread of the database runs: the entry `sqlite-worker`, which the build puts beside whatever file this function
 * ended up in. From source it is the built one too, if there is one: Node strips types by WebAssembly, and V8 now and then ends a
 * process in which many threads have used that (https://github.com/nodejs/node/issues/64500).
 */
export function threadEntryUrl(here = import.meta.url): URL {
  if (!here.endsWith('.ts')) return new URL('./sqlite-worker.js', here);
  const built = new URL('../../../../../dist/sqlite-worker.js', here);
  return existsSync(built) ? built : new URL('./worker.ts', here);
}
