import { readFileSync } from 'node:fs';

// Read while the module loads: the first code of a task that runs at all.
const text = readFileSync('/proc/self/limits', 'utf8');

function hard(name) {
  return Number(new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(text)?.[1]);
}

export default { run: () => ({ cpuSeconds: hard('Max cpu time'), openFiles: hard('Max open files'), dataBytes: hard('Max data size') }) };
