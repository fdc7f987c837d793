import { spawn } from 'node:child_process';
import { serveLaunches } from '../../../../src/lib/task-system/core/launch/serveLaunches.ts';
import type { LaunchReport } from '../../../../src/lib/task-system/core/launch/wire.ts';

/** A helper that is tired as soon as it has started a process. */
serveLaunches({
  onOrder: (listener) => { process.on('message', listener); },
  report: (report: LaunchReport) => {
    process.send?.(report);
    if (report.type === 'started') process.send?.({ type: 'tired' } satisfies LaunchReport);
  },
}, spawn);
