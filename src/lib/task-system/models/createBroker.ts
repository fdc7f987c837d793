import { Budgets, type BudgetPorts } from './Budgets.ts';
import { ModelBroker, type BrokerPorts } from './ModelBroker.ts';

/** Makes what calls the models of a system. */
export function createBroker(ports: Omit<BrokerPorts, 'budgets' | 'options'> & BudgetPorts & Pick<BrokerPorts, 'options'>): ModelBroker {
  return new ModelBroker({ ...ports, budgets: new Budgets(ports) });
}
