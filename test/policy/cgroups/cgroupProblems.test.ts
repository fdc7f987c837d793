import { describe, expect, it } from 'vitest';
import { explainController, explainGroups, NO_CGROUP, NO_CGROUP2 } from '../../../src/lib/task-system/policy/cgroups/cgroupProblems.ts';
import { CGROUP_CONTROLLERS } from '../../../src/lib/task-system/types/Isolation.ts';

describe('explainController', () => {
  it.each(CGROUP_CONTROLLERS)('names %s in what is missing and in the remedy', (controller) => {
    const { what, fix } = explainController(controller);
    expect(what).toContain(`"${controller}"`);
    expect(fix).toContain(`"${controller}"`);
    expect(fix).toContain('Delegate=');
  });

  it('says something else of each', () => {
    expect(new Set(CGROUP_CONTROLLERS.map((controller) => explainController(controller).what)).size).toBe(CGROUP_CONTROLLERS.length);
  });
});

describe('explainGroups', () => {
  it.each(['EACCES', 'EPERM', 'EROFS'])('takes %s for a host outside of what it was given', (code) => {
    expect(explainGroups({ code, message: 'no' }).fix).toContain('must run inside');
  });

  it('takes a file that is missing for an old kernel', () => {
    expect(explainGroups({ code: 'ENOENT', message: 'no' }).fix).toContain('5.14');
  });

  it('takes EBUSY for a group with processes', () => {
    expect(explainGroups({ code: 'EBUSY', message: 'no' }).fix).toContain('no process');
  });

  it.each(['EACCES', 'ENOENT', 'EBUSY', 'EIO', undefined])('keeps the words of the system for %s', (code) => {
    expect(explainGroups({ message: 'open /sys/fs/cgroup/x', ...(code === undefined ? {} : { code }) }).what).toContain('open /sys/fs/cgroup/x');
  });
});

describe('what is said where there are no groups', () => {
  it.each([['not set', NO_CGROUP], ['not there', NO_CGROUP2]])('names systemd and Docker: %s', (_what, { fix }) => {
    expect(fix).toMatch(/Delegate=yes.*Docker/);
  });
});
