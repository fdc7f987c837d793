import type { LanguageModelV4 } from '@ai-sdk/provider';
import { TaskSystemError } from '../types/Errors.ts';
import { isHostModel } from '../types/ModelsSchema.ts';
import type { ResolvedModel } from '../types/Models.ts';

/** Loads what a model needs; a seam for tests. */
export type LoadProvider = () => Promise<{ readonly createOpenAICompatible: CreateProvider }>;

type CreateProvider = (settings: { readonly name: string; readonly baseURL: string; readonly apiKey?: string; readonly includeUsage: boolean }) => (modelId: string) => LanguageModelV4;

/**
 * The language model behind the settings. A package is loaded only for one that is given by its address.
 * @throws TaskSystemError `MODEL_PEER_MISSING`.
 */
export async function openModel({ name, model }: ResolvedModel, load: LoadProvider = loadProvider): Promise<LanguageModelV4> {
  if (isHostModel(model)) return checked(model, name);
  let provider: Awaited<ReturnType<LoadProvider>>;
  try {
    provider = await load();
  } catch (error) {
    throw new TaskSystemError('MODEL_PEER_MISSING', `The model "${name}" needs @ai-sdk/openai-compatible`, { model: name }, { cause: error });
  }
  const { baseURL, apiKey, id } = model;
  return provider.createOpenAICompatible({ name, baseURL, includeUsage: true, ...(apiKey === undefined ? {} : { apiKey }) })(id);
}

const loadProvider: LoadProvider = () => import('@ai-sdk/openai-compatible');

/** The options have been checked: this says the same in the words of the SDK. */
function checked(model: object, name: string): LanguageModelV4 {
  if (isLanguageModel(model)) return model;
  throw new TaskSystemError('MODEL_UNKNOWN', `"${name}" is no language model of the AI SDK 7`, { model: name });
}

function isLanguageModel(value: object): value is LanguageModelV4 {
  return isHostModel(value);
}
