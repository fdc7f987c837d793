#!/usr/bin/env node
import './checkNode.ts';
import { runCommand } from './lib/task-system/cli/runCommand.ts';

process.exitCode = await runCommand(process.argv.slice(2), {
  print: (text) => { process.stdout.write(text); },
  complain: (text) => { process.stderr.write(text); },
});
