import type { Socket } from 'node:net';
import { spawnPlan } from '../../policy/sandbox/spawnPlan.ts';
import { serializeError } from '../../types/Errors.ts';
import type { ProcessSpawner } from '../../types/Ports.ts';
import { FarEnds } from './FarEnds.ts';
import { lowerPriority } from './lowerPriority.ts';
import { OwnLimits } from './OwnLimits.ts';
import { openSocketPath } from './socketPath.ts';
import { SOCKETS_PER_PROCESS, type LaunchOrder, type LaunchReport } from './wire.ts';

/** The way between the helper and its host. */
export interface LaunchPort {
  readonly onOrder: (listener: (order: LaunchOrder) => void) => void;
  readonly report: (report: LaunchReport) => void;
}

/** Starts processes as they are ordered, and tells when they have started and when they have ended. */
export function serveLaunches({ onOrder, report }: LaunchPort, spawn: ProcessSpawner): void {
  const limits = new OwnLimits();
  let ends: FarEnds | undefined;
  onOrder((order) => {
    if (order.type === 'connect') {
      ends = new FarEnds(openSocketPath(order.directory).path, order.secret);
      ends.connect(order.size);
    } else if (ends !== undefined) {
      launch(order, ends, limits, spawn, report);
      if (limits.areNearlyUsedUp()) report({ type: 'tired' });
    }
  });
}

function launch({ id, plan, sockets: numbers }: Extract<LaunchOrder, { type: 'start' }>, ends: FarEnds, limits: OwnLimits, spawn: ProcessSpawner, report: LaunchPort['report']): void {
  let sockets: readonly Socket[] = [];
  try {
    const taken = ends.take(numbers);
    ({ sockets } = taken);
    const child = spawnPlan(plan, spawn, taken.descriptors, limits.cover(plan.limits));
    const { pid } = child;
    child.once('error', (error) => { if (pid === undefined) report({ type: 'failed', id, error: serializeError(error) }); });
    if (pid === undefined) return;
    lowerPriority(pid, plan.niceness);
    child.once('exit', (code, signal) => { report({ type: 'exited', id, code, signal }); });
    report({ type: 'started', id, pid });
  } catch (error) {
    report({ type: 'failed', id, error: serializeError(error) });
  } finally {
    // The process has them now, or nobody will: its end is to be seen by the host.
    for (const socket of sockets) socket.destroy();
    ends.connect(SOCKETS_PER_PROCESS);
  }
}
