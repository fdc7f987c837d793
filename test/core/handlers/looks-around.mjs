import { readdirSync } from 'node:fs';

export default {
  run({ task, workspace }) {
    return {
      cwd: process.cwd(), workspace: workspace.path, entries: readdirSync('.'), env: process.env, task,
      argv: process.argv.length, execArgv: process.execArgv, descriptors: readdirSync('/proc/self/fd').map(Number),
    };
  },
};
