import type { CgroupController, Enforcement, IsolationDimension, IsolationLevel, TaskIsolation } from '../../types/Isolation.ts';

/** What each level gives, dimension by dimension. `docs/isolation.md` explains it, and the isolation suite proves it. */
const DIMENSIONS = {
  kernel: {
    files: 'enforced', network: 'enforced', processTree: 'enforced', systemCalls: 'enforced',
    memory: 'watched', cpu: 'watched', pids: 'watched', disk: 'watched', environment: 'enforced', channel: 'enforced',
  },
  'permission-model': {
    files: 'guarded', network: 'open', processTree: 'watched', systemCalls: 'open',
    memory: 'watched', cpu: 'watched', pids: 'guarded', disk: 'watched', environment: 'guarded', channel: 'enforced',
  },
  process: {
    files: 'open', network: 'open', processTree: 'watched', systemCalls: 'open',
    memory: 'watched', cpu: 'watched', pids: 'watched', disk: 'watched', environment: 'guarded', channel: 'enforced',
  },
} as const satisfies Record<IsolationLevel, Record<IsolationDimension, Enforcement>>;

/** What a level that is not available gives. */
export const NO_ISOLATION: Readonly<Record<IsolationDimension, Enforcement>> = {
  files: 'open', network: 'open', processTree: 'open', systemCalls: 'open', memory: 'open', cpu: 'open', pids: 'open', disk: 'open', environment: 'open', channel: 'open',
};

/**
 * How a task at this level is kept apart.
 * @param held what its control group holds; a task that is not walled off could leave its group, so it only counts at the level `kernel`.
 */
export function isolationOf(level: IsolationLevel, held: readonly CgroupController[] = []): TaskIsolation {
  const byGroup = level === 'kernel' ? { ...held.includes('memory') && ENFORCED.memory, ...held.includes('pids') && ENFORCED.pids } : {};
  return { level, dimensions: { ...DIMENSIONS[level], ...byGroup } };
}

const ENFORCED = { memory: { memory: 'enforced' }, pids: { pids: 'enforced' } } as const;
