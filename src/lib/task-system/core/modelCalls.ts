import type { ModelBroker } from '../models/ModelBroker.ts';
import { decideCall } from '../policy/ToolPolicy.ts';
import type { HostCall } from '../types/HostCalls.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import type { TaskStore } from '../types/TaskStore.ts';

/** What calls of models need of the system. */
export interface ModelCallPorts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Answers calls of models. What makes them is loaded by the first one. */
export function modelCalls({ store, ...ports }: ModelCallPorts): HostCall {
  let broker: Promise<ModelBroker> | undefined;
  return async (caller, params) => {
    broker ??= import('../models/createBroker.ts').then(({ createBroker }) => createBroker({
      ...ports, ledger: store.ledger, find: (taskId) => store.get(taskId),
      mayUse: ({ task }, tool, args) => {
        const policy = ports.options.types.get(task.type)?.policy;
        return policy !== undefined && decideCall(policy, tool, args).decision === 'allow';
      },
    }));
    return (await broker).call(caller, params);
  };
}
