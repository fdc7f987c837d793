import type { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { parseTaskSystemOptions } from '../../../src/lib/task-system/types/parseOptions.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { turns } from '../until.ts';
import { makeEngine, type Engine } from './makeEngine.ts';
import { submissionOf, type Plan } from './plans.ts';
import { SimulatedHost } from './SimulatedHost.ts';
import { SimulatedSessions } from './SimulatedSessions.ts';

/** A host in which everything happens in its order, as soon as it can. */
export interface OrderlyHost extends Engine {
  /** Submits a task that behaves as a plan says. */
  readonly submit: (plan: Plan, more?: { readonly delayMs?: number }) => Promise<{ readonly id: string }>;
  /** Waits for something that needs answers of the store. */
  readonly answered: <Value>(work: Promise<Value>) => Promise<Value>;
  /** Lets everything happen that can without time passing. */
  readonly settle: () => Promise<void>;
  readonly die: () => Promise<void>;
}

/** Starts such a host on a store. @param plans all plans of the test, by the input of their tasks. */
export async function startHost(name: string, store: TaskStore, clock: FakeClock, plans: Plan[], maxConcurrent: number): Promise<OrderlyHost> {
  const host = new SimulatedHost(clock);
  const idOf = (plan: Plan): number => {
    if (!plans.includes(plan)) plans.push(plan);
    return plans.indexOf(plan);
  };
  const planOf = (input: unknown): Plan => {
    const plan = plans[Number(input)];
    if (plan === undefined) throw new TypeError('no such plan');
    return plan;
  };
  const options = parseTaskSystemOptions({ root: '/nowhere', queue: { maxConcurrent }, tasks: { node: { module: new URL('file:///node.js') } } });
  const engine = makeEngine(name, options, store, host, new SimulatedSessions(host, planOf, idOf));
  const answered: OrderlyHost['answered'] = async (work) => {
    const open = new Set([work]);
    const close = (): void => { open.clear(); };
    void work.then(close, close);
    while (open.size > 0) {
      await turns(1);
      await host.serve(host.asked);
    }
    return work;
  };
  const settle = async (): Promise<void> => {
    for (let idle = 0; idle < 3; idle = host.asked + host.steps > 0 ? 0 : idle + 1) {
      while (host.steps > 0) host.goOn(0);
      await host.serve(host.asked);
      await turns(3);
    }
  };
  await answered(engine.runner.start());
  return {
    ...engine, answered, settle, die: () => host.die(0),
    submit: (plan, more = {}) => answered(engine.submitter.accept({ type: 'node', input: idOf(plan), ...submissionOf(plan), ...more })),
  };
}
