import { execFileSync } from 'node:child_process';

const SCRIPT = `
  const fs = require('node:fs');
  const name = 'd'.repeat(255);
  for (let level = 0; level < Number(process.argv[1]); level++) { fs.mkdirSync(name); process.chdir(name); }
  fs.writeFileSync('bottom', 'x');
`;

/** Makes a chain of directories with names of 255 bytes, a file at its end: deeper than any path may be long. */
export function makeDeep(directory: string, levels: number): void {
  execFileSync(process.execPath, ['-e', SCRIPT, String(levels)], { cwd: directory });
}
