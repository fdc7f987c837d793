/**
 * The file that the thread of the launcher runs. From source it is the TypeScript beside this file; in a bundle it is the entry
 * `launch-worker`, which the build puts beside whatever file this function ended up in.
 */
export function launchEntryUrl(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith('.ts') ? './worker.ts' : './launch-worker.js', here);
}
