/**
 * The file that the thread of the database runs. From source it is the TypeScript beside this file (Node strips the types); in a
 * bundle it is the entry `sqlite-worker`, which the build puts beside whatever file this function ended up in.
 */
export function threadEntryUrl(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith('.ts') ? './worker.ts' : './sqlite-worker.js', here);
}
