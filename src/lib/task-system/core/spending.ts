import { decideCall } from '../policy/ToolPolicy.ts';
import type { HostCall } from '../types/HostCalls.ts';
import { once } from '../types/once.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import type { ResolvedOptions, ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { TaskRecord, TaskStore } from '../types/TaskStore.ts';

/** What calls that cost something need of the system. */
export interface SpendingPorts {
  readonly options: ResolvedOptions;
  readonly store: Pick<TaskStore, 'ledger' | 'get'>;
  /** The type of a task, with what its ancestors narrow. */
  readonly findType: (task: TaskRecord) => ResolvedTaskType | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Calls of a task that draw from its budgets. */
export interface Spending {
  /** Answers calls of models. What makes them is loaded by the first one. */
  readonly model: HostCall;
  /** The same call, counted as one of a tool before it is made. */
  readonly asToolCall: (call: HostCall) => HostCall;
}

/** Makes what spends, with one set of budgets behind it. */
export function createSpending({ store, findType, ...ports }: SpendingPorts): Spending {
  const { options, clock, logger } = ports;
  const openBudgets = once(async () => {
    const { Budgets } = await import('../models/Budgets.ts');
    return new Budgets({ options, ledger: store.ledger, find: (taskId) => store.get(taskId), clock, logger });
  });
  const openBroker = once(async () => {
    const [{ ModelBroker }, budgets] = await Promise.all([import('../models/ModelBroker.ts'), openBudgets()]);
    return new ModelBroker({
      ...ports, budgets,
      modelsOf: (task) => {
        const type = findType(task);
        return type === undefined ? [] : type.models;
      },
      mayUse: ({ task }, tool, args) => {
        const policy = findType(task)?.policy;
        return policy !== undefined && decideCall(policy, tool, args).decision === 'allow';
      },
    });
  });
  return {
    model: async (caller, params) => (await openBroker()).call(caller, params),
    asToolCall: (call) => async (caller, params) => {
      await (await openBudgets()).charge(caller, { toolCalls: 1 });
      return call(caller, params);
    },
  };
}
