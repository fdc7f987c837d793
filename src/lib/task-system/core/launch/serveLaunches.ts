import type { MessagePort } from 'node:worker_threads';
import { spawnPlan } from '../../policy/sandbox/spawnPlan.ts';
import { serializeError } from '../../types/Errors.ts';
import type { ProcessSpawner } from '../../types/Ports.ts';
import { lowerPriority } from './lowerPriority.ts';
import type { LaunchOrder, LaunchReport } from './wire.ts';

/** Starts processes as they are ordered on a port, and tells when they have started and when they have ended. */
export function serveLaunches(port: MessagePort, spawn: ProcessSpawner): void {
  port.on('message', (order: LaunchOrder) => { launch(order, spawn, (report) => { port.postMessage(report); }); });
}

function launch({ id, plan, descriptors }: LaunchOrder, spawn: ProcessSpawner, report: (report: LaunchReport) => void): void {
  try {
    const child = spawnPlan(plan, spawn, descriptors);
    const { pid } = child;
    child.once('error', (error) => { if (pid === undefined) report({ type: 'failed', id, error: serializeError(error) }); });
    if (pid === undefined) return;
    lowerPriority(pid, plan.niceness);
    child.once('exit', (code, signal) => { report({ type: 'exited', id, code, signal }); });
    report({ type: 'started', id, pid });
  } catch (error) {
    report({ type: 'failed', id, error: serializeError(error) });
  }
}
