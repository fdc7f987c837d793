import * as z from 'zod';
import type { BudgetOptions, ProjectSpendLimits, SpendLimits } from './Budgets.ts';
import type { JsonObject } from './Json.ts';
import type { HostModel, ModelOptions, ModelPrice } from './Models.ts';
import { duration, group, integer, integerOrOff, isNumber, isRecord, isText, leaf, tiedTo } from './OptionLeaves.ts';

const amount = leaf<number>('a number >= 0', (value) => isNumber(value) && value >= 0);
const amountOrOff = leaf<number | false>('false or a number >= 0', (value) => value === false || (isNumber(value) && value >= 0));

const modelSettings = tiedTo<ModelOptions>()(group({
  model: leaf<HostModel | string>('a language model of the AI SDK 7, or with baseURL the name of a model', (value) => isHostModel(value) || (isText(value) && value !== '')),
  baseURL: leaf<string>('an address that begins with http:// or https://', isHttpAddress).exactOptional(),
  apiKey: leaf<string>('a key', (value) => isText(value) && value !== '').exactOptional(),
  maxParallel: integer(1).exactOptional(),
  requestsPerMinute: integerOrOff(1).exactOptional(),
  maxAttempts: integer(1).exactOptional(),
  maxRetryAfterMs: duration(0).exactOptional(),
  firstTokenMs: duration(1).exactOptional(),
  totalMs: duration(1).exactOptional(),
  price: tiedTo<ModelPrice>()(group({ input: amount, output: amount, cachedInput: amount.exactOptional() })).exactOptional(),
  providerOptions: leaf<Readonly<Record<string, JsonObject>>>('an object of settings, by provider', (value) => isRecord(value) && Object.values(value).every(isRecord)).exactOptional(),
}).superRefine((settings, context) => {
  const { model, baseURL } = settings;
  if (typeof model === 'string' && baseURL === undefined) context.addIssue({ code: 'custom', path: ['baseURL'], message: 'the address of the server that knows the model' });
  if (typeof model !== 'string' && baseURL !== undefined) context.addIssue({ code: 'custom', path: ['model'], message: 'the name of a model, as there is a baseURL' });
}));

/** Schema of the option `models`: a model of the AI SDK as it is, or with settings. */
export const modelSchema: z.ZodType<HostModel | ModelOptions, HostModel | ModelOptions> = z.union([
  leaf<HostModel>('a language model of the AI SDK 7, or an object with it', isHostModel), modelSettings,
]);

const limitShape = {
  modelCalls: integerOrOff(0).exactOptional(),
  inputTokens: integerOrOff(0).exactOptional(),
  outputTokens: integerOrOff(0).exactOptional(),
  cost: amountOrOff.exactOptional(),
  toolCalls: integerOrOff(0).exactOptional(),
  turns: integerOrOff(0).exactOptional(),
};

/** Schema of `SpendLimits`. */
export const spendSchema = tiedTo<SpendLimits>()(group(limitShape));

/** Schema of `BudgetOptions`. */
export const budgetSchema = tiedTo<BudgetOptions>()(group({
  task: spendSchema.exactOptional(),
  tree: spendSchema.exactOptional(),
  project: tiedTo<ProjectSpendLimits>()(group({ ...limitShape, windowMs: duration(1_000).exactOptional() })).exactOptional(),
}));

/** Whether a value is a language model that the host can call: one of the AI SDK 7. */
export function isHostModel(value: unknown): value is HostModel {
  // Models are often instances of classes: what counts is what they can do.
  return typeof value === 'object' && value !== null && 'specificationVersion' in value && value.specificationVersion === 'v4'
    && 'doGenerate' in value && typeof value.doGenerate === 'function' && 'doStream' in value && typeof value.doStream === 'function'
    && 'modelId' in value && typeof value.modelId === 'string' && 'provider' in value && typeof value.provider === 'string';
}

function isHttpAddress(value: unknown): boolean {
  return isText(value) && URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
}
