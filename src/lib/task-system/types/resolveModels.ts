import type { BudgetOptions, ResolvedBudgets, SpendLimits } from './Budgets.ts';
import type { HostModel, ModelOptions, ResolvedModel } from './Models.ts';
import { isHostModel } from './ModelsSchema.ts';
import { DEFAULTS } from './ResolvedOptions.ts';

/** Fills in the defaults of models that were checked. */
export function resolveModels(models: Readonly<Record<string, HostModel | ModelOptions>> = {}): ReadonlyMap<string, ResolvedModel> {
  return new Map(Object.entries(models).map(([name, options]) => [name, resolveModel(name, isHostModel(options) ? { model: options } : options)]));
}

/** Fills in the defaults of budgets that were checked. */
export function resolveBudgets({ task, tree, project }: BudgetOptions = {}): ResolvedBudgets {
  return Object.freeze({
    task: Object.freeze({ ...DEFAULTS.budgets.task, ...task }),
    tree: Object.freeze({ ...DEFAULTS.budgets.tree, ...tree }),
    project: Object.freeze({ ...DEFAULTS.budgets.project, ...project }),
  });
}

/** What a type's own budget bounds; what it leaves out is not bounded by it. */
export function resolveTypeBudget(budget: SpendLimits | undefined): { readonly budget?: Readonly<SpendLimits> } {
  return budget === undefined ? {} : { budget: Object.freeze({ ...budget }) };
}

function resolveModel(name: string, options: ModelOptions): ResolvedModel {
  const { model, baseURL = '', apiKey, providerOptions = {}, price, ...rest } = options;
  return Object.freeze({
    ...DEFAULTS.model,
    ...rest,
    name,
    model: typeof model === 'string' ? Object.freeze({ baseURL, id: model, ...(apiKey === undefined ? {} : { apiKey }) }) : model,
    providerOptions: Object.freeze(structuredClone(providerOptions)),
    ...(price === undefined ? {} : { price: Object.freeze({ ...price }) }),
  });
}
