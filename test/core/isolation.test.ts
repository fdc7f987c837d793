import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ISOLATION_LEVELS } from '../../src/lib/task-system/types/Isolation.ts';
import { AREAS, CASES, THROUGH } from './isolation/cases.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { SCENARIOS } from './isolation/scenarios.ts';
import { canBeStranger, outcomesAt, SUITE_MS, type Outcomes } from './isolation/suite.ts';
import { REPOSITORY } from '../support/files.ts';
import { isRunning, logged, openSystem, processesIn, testOptions } from './support.ts';

const hasKernel = await hasKernelLevel();
const TIMEOUT_MS = SUITE_MS + 60_000;
/** What was made outside by those who could write there. */
const PLANTED = 'outside.attached outside.db outside.folder outside.heap outside.new outside.report outside.vacuum';

/** What a host leaves behind at no level, whatever its tasks did. */
const AFTERWARDS = [
  ['no process of a task runs', 'nothing runs', 'GONE'], ['no process is a zombie', 'no zombies', 'GONE'], ['no workspace is left', 'no workspaces', 'REMOVED'],
  ['the host has no more files open', 'no descriptors', 'CLOSED'], ['the objects of the host are as they were', 'no pollution', 'CLEAN'],
] as const;

describe.each(ISOLATION_LEVELS)('isolation at the level "%s"', (level) => {
  const isMissing = level === 'kernel' && !hasKernel;
  let outcomes: Outcomes = {};
  beforeAll(async () => { if (!isMissing) outcomes = await outcomesAt(level); }, TIMEOUT_MS);

  it.skipIf(isMissing)('is what the tasks ran at', () => {
    expect(outcomes['isolation']).toBe(level);
  });

  it.skipIf(isMissing).each(CASES)(`$id a task $does: $outcomes.${level}`, ({ id, outcomes: right }) => {
    expect(right[level].split('|')).toContain(outcomes[id]);
  });

  it.skipIf(isMissing).each(AFTERWARDS)('afterwards %s', (_what, name, right) => {
    expect(outcomes[name]).toBe(right);
  });

  it.skipIf(isMissing)('wrote as much outside as it let through', () => {
    expect(outcomes['planted']).toBe(level === 'process' ? PLANTED : '');
  });
});

describe.skipIf(!hasKernel)('isolation at the level "kernel"', () => {
  it('has no case that gets out', () => {
    expect(CASES.filter(({ outcomes, isContained }) => isContained !== true && outcomes.kernel.includes(THROUGH))).toEqual([]);
  });

  it('leaves no process behind when a task is killed, nor when it ends', async () => {
    const options = testOptions({ 'leaves-grandchild.mjs': { stopGraceMs: 0, sandbox: { level: 'kernel' } } }, { queue: { spares: 0 } });
    const system = await openSystem(options);
    const handle = await system.submit({ type: 'leaves-grandchild', input: { holdsOutput: true, thenHang: true } });
    await logged(system, handle.id, /^\d+$/);
    const alive = processesIn(options.root);
    expect(alive.length).toBeGreaterThanOrEqual(3);
    await handle.cancel();
    expect(alive.filter(isRunning)).toEqual([]);
    await (await system.submit({ type: 'leaves-grandchild', input: { holdsOutput: false } })).result();
    expect(processesIn(options.root)).toEqual([]);
  });

  it('says by which signal a task ended', async () => {
    const system = await openSystem(testOptions({ 'dies-on-import.mjs': { sandbox: { level: 'kernel' } } }));
    await expect((await system.submit({ type: 'dies-on-import' })).result()).rejects.toMatchObject({ code: 'TASK_CRASHED', details: { signal: 'SIGKILL', exitCode: null } });
  });
});

const isStranger = canBeStranger();
if (!isStranger) process.stdout.write('SKIPPED: only root can start a host as another user; these tests are left out\n');

describe.skipIf(!hasKernel || !isStranger)('isolation by a host without any rights', () => {
  let outcomes: Outcomes = {};
  beforeAll(async () => { outcomes = await outcomesAt('kernel', { isStranger: true }); }, TIMEOUT_MS);

  it.each(CASES)('$id a task $does: $outcomes.kernel', ({ id, outcomes: right }) => {
    expect(right.kernel.split('|')).toContain(outcomes[id]);
  });

  it.each(AFTERWARDS)('afterwards %s', (_what, name, right) => {
    expect(outcomes[name]).toBe(right);
  });
});

describe('the cases of the isolation suite', () => {
  const others = AREAS.flatMap(({ elsewhere = [] }) => elsewhere);

  it('are tried one by one: none is there twice', () => {
    const ids = [...CASES, ...others].map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('have every scenario in the table', () => {
    expect(SCENARIOS.map(({ id }) => id).filter((id) => CASES.every((known) => known.id !== id))).toEqual([]);
  });

  it.each(others)('$id is proven by $test', ({ test }) => {
    expect(existsSync(join(REPOSITORY, test))).toBe(true);
  });
});
