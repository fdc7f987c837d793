import { arch, platform } from 'node:os';
import { serializeError } from '../../types/Errors.ts';
import { ISOLATION_LEVELS, type DoctorReport, type LevelReport, type TypeReport } from '../../types/Isolation.ts';
import type { ResolvedOptions } from '../../types/ResolvedOptions.ts';
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
  return { platform: `${platform()} ${arch()}`, node: process.versions.node, level: chooser.strongest, levels, types };
}
