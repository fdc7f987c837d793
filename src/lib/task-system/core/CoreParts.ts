import type { LifecycleHooks } from '../hooks/LifecycleHooks.ts';
import type { WebhookManager } from '../hooks/WebhookManager.ts';
import type { TaskEvents } from '../realtime/EventEmitter.ts';
import type { TaskHierarchy } from '../subtask/TaskHierarchy.ts';
import type { DoctorReport } from '../types/Isolation.ts';
import type { Clock } from '../types/Ports.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import type { TaskStore } from '../types/TaskStore.ts';
import type { Approvals } from './Approvals.ts';
import type { Artifacts } from './Artifacts.ts';
import type { Janitor } from './Janitor.ts';
import type { Sessions } from './Sessions.ts';
import type { Submitter } from './Submitter.ts';
import type { TaskQueue } from './TaskQueue.ts';
import type { TaskRunner } from './TaskRunner.ts';

/** The parts of one system. */
export interface CoreParts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly events: TaskEvents;
  readonly hooks: LifecycleHooks;
  readonly webhooks: WebhookManager;
  readonly queue: TaskQueue;
  readonly sessions: Sessions;
  readonly runner: TaskRunner;
  readonly submitter: Submitter;
  readonly janitor: Janitor;
  readonly artifacts: Artifacts;
  readonly approvals: Approvals;
  readonly hierarchy: TaskHierarchy;
  readonly clock: Clock;
  /** Examines the isolation that this machine can give. */
  readonly examine: () => Promise<DoctorReport>;
}
