import { spawn } from 'node:child_process';
import { serveLaunches } from '../../../../src/lib/task-system/core/launch/serveLaunches.ts';
import type { LaunchOrder } from '../../../../src/lib/task-system/core/launch/wire.ts';

/** A helper that ends when it should start a process. */
serveLaunches({
  onOrder: (listener) => {
    process.on('message', (order: LaunchOrder) => {
      if (order.type === 'start') process.exit(4);
      listener(order);
    });
  },
  report: () => undefined,
}, spawn);
