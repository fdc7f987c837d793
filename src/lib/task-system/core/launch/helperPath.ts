import { fileURLToPath } from 'node:url';

/**
 * The file that the launcher's helper runs. From source it is the TypeScript beside this file; in a bundle it is the entry
 * `launch-helper`, which the build puts beside whatever file this function ended up in.
 */
export function helperPath(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith('.ts') ? './helper.ts' : './launch-helper.cjs', here));
}
