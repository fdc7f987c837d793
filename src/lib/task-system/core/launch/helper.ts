import { spawn } from 'node:child_process';
import { closeForeignDescriptors } from '../descriptors.ts';
import { serveLaunches } from './serveLaunches.ts';

// What the host was given without wanting it, processes are not to have.
closeForeignDescriptors();
serveLaunches({
  onOrder: (listener) => { process.on('message', listener); },
  report: (report) => { process.send?.(report); },
}, spawn);
// Without its host nobody would hear of what it starts.
process.once('disconnect', () => { process.kill(process.pid, 'SIGKILL'); });
