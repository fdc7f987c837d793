import { describe, expect, it } from 'vitest';
import { explainController, NO_CGROUP } from '../../../src/lib/task-system/policy/cgroups/cgroupProblems.ts';
import { dimensionsOf } from '../../../src/lib/task-system/policy/sandbox/doctor.ts';
import { isolationOf, NO_ISOLATION } from '../../../src/lib/task-system/policy/sandbox/isolation.ts';
import { ISOLATION_DIMENSIONS, type CgroupReport, type DimensionReport, type LevelReport } from '../../../src/lib/task-system/types/Isolation.ts';

const problem = { what: 'bubblewrap is missing.', fix: 'Install it.' };
const kernel: LevelReport = { level: 'kernel', available: false, dimensions: NO_ISOLATION, problems: [problem] };
const node: LevelReport = { level: 'permission-model', available: true, dimensions: isolationOf('permission-model').dimensions, problems: [] };

describe('dimensionsOf', () => {
  it('names every dimension once, in the order of the catalogue', () => {
    expect(dimensionsOf('permission-model', [kernel, node], true).map(({ dimension }) => dimension)).toEqual(ISOLATION_DIMENSIONS);
  });

  it('finds nothing missing where the kernel level works', () => {
    const here = { ...kernel, available: true, dimensions: isolationOf('kernel').dimensions, problems: [] };
    expect(dimensionsOf('kernel', [here, node], true).flatMap(({ problems }) => problems)).toEqual([]);
  });

  it('says of each dimension that would be stronger what it lacks', () => {
    const byName = new Map(dimensionsOf('permission-model', [kernel, node], true).map((report) => [report.dimension, report]));
    expect(byName.get('files')).toMatchObject({ level: 'permission-model', enforcement: 'guarded', problems: [problem] });
    expect(byName.get('network')).toMatchObject({ enforcement: 'open', problems: [problem] });
  });

  it('says nothing of those that are as strong already', () => {
    const channel = dimensionsOf('permission-model', [kernel, node], true).find(({ dimension }) => dimension === 'channel');
    expect(channel).toMatchObject({ enforcement: 'enforced', problems: [] });
  });

  it('says of what the kernel holds processes to that it cannot, where prlimit is missing', () => {
    const here = { ...kernel, available: true, dimensions: isolationOf('kernel').dimensions, problems: [] };
    const lacking = dimensionsOf('kernel', [here, node], false).filter(({ problems }) => problems.length > 0);
    expect(lacking.map(({ dimension }) => dimension)).toEqual(['memory', 'cpu', 'disk']);
    expect(lacking[0]?.problems[0]?.fix).toContain('util-linux');
  });

  describe('with control groups', () => {
    const here = { ...kernel, available: true, dimensions: isolationOf('kernel').dimensions, problems: [] };
    const dimensions = (cgroup: CgroupReport): ReadonlyMap<string, DimensionReport> => new Map(dimensionsOf('kernel', [here, node], true, cgroup).map((report) => [report.dimension, report]));

    it('says how to get them, where they would hold something', () => {
      const all = dimensions({ controllers: [], problems: [NO_CGROUP] });
      expect([...all].filter(([, { problems }]) => problems.length > 0).map(([name]) => name)).toEqual(['memory', 'cpu', 'pids']);
      expect(all.get('memory')).toMatchObject({ enforcement: 'watched', problems: [NO_CGROUP] });
    });

    it('calls memory and processes enforced where they hold them', () => {
      const all = dimensions({ directory: '/top', controllers: ['memory', 'pids', 'cpu'], problems: [] });
      expect([all.get('memory')?.enforcement, all.get('pids')?.enforcement]).toEqual(['enforced', 'enforced']);
      expect([...all.values()].flatMap(({ problems }) => problems)).toEqual([]);
    });

    it('names the controller that one dimension lacks there alone', () => {
      const all = dimensions({ directory: '/top', controllers: ['pids', 'cpu'], problems: [explainController('memory')] });
      expect([...all].filter(([, { problems }]) => problems.length > 0).map(([name]) => name)).toEqual(['memory']);
    });
  });

  it('calls everything open where not even a plain process can be started', () => {
    const broken: LevelReport = { level: 'process', available: false, dimensions: NO_ISOLATION, problems: [] };
    expect(new Set(dimensionsOf('process', [kernel, broken], true).map(({ enforcement }) => enforcement))).toEqual(new Set(['open']));
  });
});
