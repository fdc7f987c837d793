import { dimensionsOf } from '../../src/lib/task-system/policy/sandbox/doctor.ts';
import { isolationOf, NO_ISOLATION } from '../../src/lib/task-system/policy/sandbox/isolation.ts';
import { ISOLATION_LEVELS, type CgroupReport, type DoctorReport, type IsolationLevel, type LevelReport, type SandboxProblem } from '../../src/lib/task-system/types/Isolation.ts';

/** What is missing on the machine of `reportWith`. */
export const MISSING: SandboxProblem = { what: 'bubblewrap is not installed.', fix: 'Install it.' };

/** What a doctor says of a machine where the given levels work. */
export function reportWith(working: readonly IsolationLevel[], hasPrlimit = true, cgroup: CgroupReport = { controllers: [], problems: [] }): DoctorReport {
  const levels = [...ISOLATION_LEVELS].reverse().map((level): LevelReport => (working.includes(level)
    ? { level, available: true, dimensions: isolationOf(level).dimensions, problems: [] }
    : { level, available: false, dimensions: NO_ISOLATION, problems: [MISSING] }));
  const level = levels.find(({ available }) => available)?.level ?? 'process';
  return { platform: 'linux x64', node: '24.1.0', level, levels, dimensions: dimensionsOf(level, levels, hasPrlimit, cgroup), cgroup, types: [] };
}
