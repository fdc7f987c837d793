import { randomUUID } from 'node:crypto';
import { arch, platform } from 'node:os';
import { serializeError } from '../../types/Errors.ts';
import {
  ISOLATION_DIMENSIONS, ISOLATION_LEVELS, type CgroupController, type CgroupReport, type DimensionReport, type DoctorReport, type IsolationDimension, type IsolationLevel, type LevelReport, type SandboxProblem,
  type TypeReport,
} from '../../types/Isolation.ts';
import type { ResolvedOptions } from '../../types/ResolvedOptions.ts';
import { explainController } from '../cgroups/cgroupProblems.ts';
import { examineCgroups } from '../cgroups/openCgroups.ts';
import { Prlimit } from '../limits/Prlimit.ts';
import { isolationOf, NO_ISOLATION } from './isolation.ts';
import { Levels } from './Levels.ts';
import { probeLevel, type ProbePorts } from './probe.ts';

/** Starts a canary at each level, one after the other, and says what works. Nothing that was found earlier is trusted. */
export async function examine(ports: ProbePorts, options: Pick<ResolvedOptions, 'types' | 'sandbox'>): Promise<DoctorReport> {
  const levels: LevelReport[] = [];
  for (const level of [...ISOLATION_LEVELS].reverse()) levels.push(await probeLevel(level, ports));
  const chooser = new Levels(options.sandbox, levels);
  const types = [...options.types.values()].map((type): TypeReport => {
    try {
      return { type: type.name, level: chooser.choose(type).level };
    } catch (error) {
      return { type: type.name, problem: serializeError(error).message };
    }
  });
  const level = chooser.strongest;
  // Under a name of its own: what lies under that of a system which is open is in use.
  const cgroup = platform() === 'linux' ? await examineCgroups({ setting: options.sandbox.cgroup, name: `doctor-${randomUUID()}`, spawn: ports.spawn, clock: ports.clock }) : NO_GROUPS;
  const dimensions = dimensionsOf(level, levels, new Prlimit().isPresent, cgroup);
  return { platform: `${platform()} ${arch()}`, node: process.versions.node, level, levels, dimensions, cgroup, types };
}

const NO_GROUPS: CgroupReport = { controllers: [], problems: [] };
/** What control groups can hold, which the host would only watch. */
const OF_GROUPS: Partial<Record<IsolationDimension, CgroupController>> = { memory: 'memory', cpu: 'cpu', pids: 'pids' };

/** What `prlimit` holds each single process to. */
const PER_PROCESS: readonly IsolationDimension[] = ['memory', 'cpu', 'disk'];
const NO_PRLIMIT: SandboxProblem = {
  what: '`prlimit` is not installed: the kernel does not hold single processes to their limits, they are only watched.', fix: 'Install util-linux (on Linux).',
};

/**
 * Dimension by dimension what a level gives, and where a stronger one would give more, why it is not there.
 * @param hasPrlimit whether the kernel can be told the limits of a process. @param cgroup what it can be told of all processes of a task.
 */
export function dimensionsOf(level: IsolationLevel, levels: readonly LevelReport[], hasPrlimit: boolean, cgroup = NO_GROUPS): readonly DimensionReport[] {
  const here = levels.find((report) => report.level === level);
  const given = here?.available === true ? isolationOf(level, cgroup.controllers).dimensions : NO_ISOLATION;
  const best = isolationOf('kernel', cgroup.controllers).dimensions;
  const missing = levels.flatMap((report) => (report.available || report.level !== 'kernel' ? [] : report.problems));
  return ISOLATION_DIMENSIONS.map((dimension) => ({
    dimension, level, enforcement: given[dimension],
    problems: [
      ...given[dimension] === best[dimension] ? [] : missing,
      ...hasPrlimit || !PER_PROCESS.includes(dimension) ? [] : [NO_PRLIMIT],
      ...lackingGroups(OF_GROUPS[dimension], cgroup),
    ],
  }));
}

function lackingGroups(controller: CgroupController | undefined, { controllers, problems }: CgroupReport): readonly SandboxProblem[] {
  if (controller === undefined || controllers.includes(controller)) return [];
  const own = problems.filter(({ what }) => what === explainController(controller).what);
  return own.length > 0 ? own : problems;
}
