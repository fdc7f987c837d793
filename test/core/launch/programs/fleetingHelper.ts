import { spawn } from 'node:child_process';
import { serveLaunches } from '../../../../src/lib/task-system/core/launch/serveLaunches.ts';

/** A helper that ends right after it has started a process. */
serveLaunches({
  onOrder: (listener) => { process.on('message', listener); },
  report: (report) => { process.send?.(report, () => { process.exit(4); }); },
}, spawn);
