import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTaskSystem, type TaskSystem } from '../../src/lib/task-system/index.ts';
import { ISOLATION_LEVELS, type IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import type { LimitOptions } from '../../src/lib/task-system/types/Options.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { SkippingClock } from './SkippingClock.ts';
import { CHILD_ENTRY, handler, logged, processesIn, recordingLogger } from './support.ts';
import { until } from './until.ts';

/** How a task ends, what its host says of that, and what it takes for it. */
interface End {
  readonly how: string;
  readonly code: string;
  /** What the host does to it once it hangs. */
  readonly by?: 'cancel' | 'timeout';
}

const ENDS: readonly End[] = [
  { how: 'return', code: 'completed' },
  { how: 'throw', code: 'TASK_FAILED' },
  { how: 'exit', code: 'TASK_CRASHED' },
  { how: 'crash', code: 'TASK_CRASHED' },
  { how: 'hang', code: 'TASK_CANCELLED', by: 'cancel' },
  { how: 'hang', code: 'TASK_TIMEOUT', by: 'timeout' },
  { how: 'memory', code: 'TASK_LIMIT_MEMORY' },
  { how: 'spin', code: 'TASK_LIMIT_CPU' },
  { how: 'disk', code: 'TASK_LIMIT_DISK' },
  { how: 'output', code: 'TASK_LIMIT_OUTPUT' },
  { how: 'garbage', code: 'TASK_PROTOCOL' },
];

const LIMITS: LimitOptions = { memoryMb: 150, workspaceMb: 20, outputBytes: 10_000 };
/** More than a slow machine needs until the task has been looked at. */
const SPIN_MS = 2_000;
const TIMEOUT_MS = 900_000;
/** The handler; with a daemon; within a sandbox, of which the first process belongs to the task as well. */
const LEAST: Readonly<Record<IsolationLevel, number>> = { 'permission-model': 1, 'process': 2, 'kernel': 3 };

const hasKernel = await hasKernelLevel();

// A task is told to have ended when a search of the whole machine finds nothing of it: not soon afterwards.
describe.each(ISOLATION_LEVELS)('a task at the level "%s" that left a daemon', (level) => {
  const isMissing = level === 'kernel' && !hasKernel;
  let root: string;
  let system: TaskSystem;
  const clock = new SkippingClock();

  beforeAll(async () => {
    if (isMissing) return;
    root = mkdtempSync(join(tmpdir(), 'task-system-ends-'));
    chmodSync(root, 0o755);
    const ends = { module: handler('ends.mjs'), limits: LIMITS, timeoutMs: TIMEOUT_MS, stopGraceMs: 0, sandbox: { level } };
    const tasks = { ends, spins: { ...ends, limits: { ...LIMITS, cpuMs: SPIN_MS } } };
    system = await createTaskSystem({ root, tasks, queue: { spares: 0 }, workspaces: { keepFailedMs: 0 }, logger: recordingLogger() }, { childEntry: CHILD_ENTRY, clock });
  });

  afterAll(async () => {
    if (isMissing) return;
    await system.close({ graceMs: 0 });
    rmSync(root, { recursive: true });
  });

  it.skipIf(isMissing).each(ENDS)('is gone with all it started when it ends ($how): $code', async ({ how, code, by }) => {
    const handle = await system.submit({ type: how === 'spin' ? 'spins' : 'ends', input: { how } });
    await logged(system, handle.id, 'left');
    await until(() => processesIn(root).length >= LEAST[level]);
    let atEnd: readonly number[] | undefined;
    const stop = system.events.on('*', ({ type, taskId }) => {
      if (taskId === handle.id && ['task:complete', 'task:error', 'task:cancel'].includes(type)) atEnd = processesIn(root);
    });
    // By whatever name its workspace goes while it runs.
    for (const name of readdirSync(join(root, 'workspaces'))) writeFileSync(join(root, 'workspaces', name, 'seen'), '');
    if (by === 'cancel') await handle.cancel();
    if (by === 'timeout') clock.skip(TIMEOUT_MS);
    await handle.result().catch(() => undefined);
    stop();
    const task = await system.get(handle.id);
    expect(task?.error?.code ?? (task?.state === 'cancelled' ? 'TASK_CANCELLED' : task?.state)).toBe(code);
    expect(atEnd).toEqual([]);
  });
});
