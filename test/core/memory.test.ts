import { queryObjects } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { HostChannel } from '../../src/lib/task-system/core/HostChannel.ts';
import { OutputCollector } from '../../src/lib/task-system/core/OutputCollector.ts';
import { TaskProcess } from '../../src/lib/task-system/core/TaskProcess.ts';
import { TaskSession } from '../../src/lib/task-system/core/TaskSession.ts';
import { ToolAttempt } from '../../src/lib/task-system/core/ToolAttempt.ts';
import { ProcTree } from '../../src/lib/task-system/policy/limits/ProcTree.ts';
import { UsageWatch } from '../../src/lib/task-system/policy/limits/UsageWatch.ts';
import { openSystem, testOptions } from './support.ts';
import { until } from './until.ts';

const TASKS = 12;
const SPARES = 1;
/** Each look collects the garbage of the whole heap. */
const MAX_LOOKS = 100;

/** What a task needs while it runs, and how many of them may be there when none does: each spare has a process and its channel. */
const PARTS = [[TaskSession, 0], [TaskProcess, SPARES], [HostChannel, SPARES], [OutputCollector, 0], [UsageWatch, 0], [ProcTree, 0], [ToolAttempt, 0]] as const;

describe('a host that has run many tasks', () => {
  it('holds on to nothing of them: no session, process, channel or watch is alive', { timeout: 300_000 }, async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {}, 'throwing.mjs': {}, 'dies-on-import.mjs': {}, 'never.mjs': { stopGraceMs: 0 } }, { sandbox: { level: 'process' }, queue: { spares: SPARES } }));
    const types = ['echo', 'throwing', 'dies-on-import'];
    const run = async (index: number): Promise<void> => {
      const handle = await system.submit({ type: types[index % types.length] ?? 'echo', input: {} });
      await handle.result().catch(() => undefined);
    };
    await Promise.all(Array.from({ length: TASKS }, (_, index) => run(index)));
    const running = await system.submit({ type: 'never' });
    await until(() => queryObjects(TaskSession, { format: 'count' }) === 1);
    await running.cancel();
    // The last ones are let go of when their processes have been reaped and their successors have started.
    let looks = 0;
    const tooMany = (): readonly string[] => PARTS.filter(([part, most]) => queryObjects(part, { format: 'count' }) > most).map(([part]) => part.name);
    await until(() => PARTS.every(([part, most]) => queryObjects(part, { format: 'count' }) <= most) || looks++ > MAX_LOOKS);
    expect(tooMany()).toEqual([]);
  });
});
