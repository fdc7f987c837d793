import { describe, expect, it } from 'vitest';
import { explainController, NO_CGROUP } from '../../src/lib/task-system/policy/cgroups/cgroupProblems.ts';
import { doctorPage } from '../../src/lib/task-system/cli/doctorPage.ts';
import { ISOLATION_DIMENSIONS } from '../../src/lib/task-system/types/Isolation.ts';
import { MISSING, reportWith } from './reports.ts';

const everything = doctorPage(reportWith(['kernel', 'permission-model', 'process']), 'kernel');
const onlyNode = doctorPage(reportWith(['permission-model', 'process']), 'kernel');

describe('doctorPage', () => {
  it('says what machine it speaks of, and how far it gets', () => {
    expect(everything.split('\n')[0]).toBe('linux x64, Node 24.1.0. Strongest level that works here: kernel.');
  });

  it.each(ISOLATION_DIMENSIONS)('has a line for the dimension %s, with the level and the protection', (dimension) => {
    expect(everything).toMatch(new RegExp(`^${dimension} +kernel +(enforced|watched)$`, 'm'));
  });

  it('says of each level whether it works', () => {
    expect(onlyNode).toMatch(/^kernel +no +\[1\]$/m);
    expect(onlyNode).toMatch(/^permission-model +yes$/m);
  });

  it('names what is missing and how to get it, once', () => {
    expect(onlyNode.split(`What is missing: ${MISSING.what}`)).toHaveLength(2);
    expect(onlyNode).toContain(`How to get it:   ${MISSING.fix}`);
  });

  it('points from each dimension that could be stronger to what is missing', () => {
    expect(onlyNode).toMatch(/^files +permission-model +guarded +\[1\]$/m);
    expect(onlyNode).toMatch(/^network +permission-model +open +\[1\]$/m);
    expect(onlyNode).toMatch(/^channel +permission-model +enforced$/m);
  });

  it('says where the kernel cannot be told the limits of a process', () => {
    const page = doctorPage(reportWith(['kernel', 'permission-model', 'process'], false), 'kernel');
    expect(page).toMatch(/^memory +kernel +watched +\[1\]$/m);
    expect(page).toMatch(/^pids +kernel +watched$/m);
    expect(page).toContain('[1] What is missing: `prlimit` is not installed');
  });

  it('numbers what is missing from 1 on, each once', () => {
    const page = doctorPage(reportWith(['process'], false), 'kernel');
    expect([...page.matchAll(/^\[(\d)\] What is missing/gm)].map(([, number]) => number)).toEqual(['1', '2']);
    expect(page).toMatch(/^files +process +open +\[1\]$/m);
    expect(page).toMatch(/^memory +process +watched +\[2\]$/m);
  });

  it('says that the host only watches what control groups could hold', () => {
    const page = doctorPage(reportWith(['kernel', 'permission-model', 'process'], true, { controllers: [], problems: [NO_CGROUP] }), 'kernel');
    expect(page).toContain('\ncontrol group: none is set;');
    expect(page).toMatch(/^memory +kernel +watched +\[1\]$/m);
    expect(page).toMatch(/^pids +kernel +watched +\[1\]$/m);
    expect(page).toContain('[1] What is missing: `sandbox.cgroup` is not set');
  });

  it('says what a control group holds and what it does not', () => {
    const page = doctorPage(reportWith(['kernel'], true, { directory: '/top', controllers: ['memory', 'pids'], problems: [explainController('cpu')] }), 'kernel');
    expect(page).toContain('\ncontrol group /top: the kernel holds memory, pids of all processes of a task together, not cpu.\n');
    expect(page).toMatch(/^memory +kernel +enforced$/m);
    expect(page).toMatch(/^cpu +kernel +watched +\[\d\]$/m);
  });

  it('has nothing to add where a control group holds everything', () => {
    expect(doctorPage(reportWith(['kernel'], true, { directory: '/top', controllers: ['memory', 'pids', 'cpu'], problems: [] }), 'kernel')).toContain('together.\n');
  });

  it('explains the words that it uses, and no others', () => {
    expect(onlyNode).toContain('\nguarded: ');
    expect(everything).not.toContain('\nguarded: ');
    expect(everything).not.toContain('\nopen: ');
  });

  it('ends with whether the level that was asked for works', () => {
    expect(everything).toMatch(/The level "kernel" works\.\n$/);
    expect(onlyNode).toMatch(/The level "kernel" does not work here\.\n$/);
    expect(doctorPage(reportWith(['process']), 'process')).toMatch(/The level "process" works\.\n$/);
  });

  it('counts a stronger level as the weaker one', () => {
    expect(doctorPage(reportWith(['kernel']), 'permission-model')).toMatch(/works\.\n$/);
  });

  it('has no spaces at the ends of lines', () => {
    expect(`${everything}${onlyNode}`).not.toMatch(/ $/m);
  });
});
