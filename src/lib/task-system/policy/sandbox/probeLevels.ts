import { ISOLATION_LEVELS, type IsolationLevel, type LevelReport } from '../../types/Isolation.ts';
import type { ProcessSpawner } from '../../types/Ports.ts';
import { probeLevel, type ProbePorts } from './probe.ts';

/** What worked, by who starts processes. What did not is tried again: it may have been put right. */
const known = new WeakMap<ProcessSpawner, Map<string, LevelReport>>();

/**
 * Probes the levels that are asked for in so many words, and from the strongest one down until one works if `strongest` is set.
 * What worked once in this process is not tried again.
 */
export async function probeLevels(levels: readonly IsolationLevel[], strongest: boolean, ports: ProbePorts): Promise<readonly LevelReport[]> {
  const reports: LevelReport[] = [];
  let isSettled = !strongest;
  for (const level of [...ISOLATION_LEVELS].reverse().filter((name) => name !== 'process')) {
    if (isSettled && !levels.includes(level)) continue;
    const report = await probeOnce(level, ports);
    reports.push(report);
    isSettled ||= report.available;
  }
  return reports;
}

async function probeOnce(level: IsolationLevel, ports: ProbePorts): Promise<LevelReport> {
  const reports = known.get(ports.spawn) ?? new Map<string, LevelReport>();
  known.set(ports.spawn, reports);
  const key = `${level} ${ports.entry}`;
  const report = reports.get(key) ?? await probeLevel(level, ports);
  if (report.available) reports.set(key, report);
  return report;
}
