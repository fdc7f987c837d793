import type { ModelPrice } from '../types/Models.ts';

const MILLION = 1_000_000;

/** What tokens cost. `cachedTokens` are part of `inputTokens`. */
export function priceOf(price: ModelPrice | undefined, tokens: { readonly inputTokens: number; readonly outputTokens: number; readonly cachedTokens: number }): number {
  if (price === undefined) return 0;
  const cached = Math.min(tokens.cachedTokens, tokens.inputTokens);
  return ((tokens.inputTokens - cached) * price.input + cached * (price.cachedInput ?? price.input) + tokens.outputTokens * price.output) / MILLION;
}
