import { TaskSystemError } from '../types/Errors.ts';
import { isJsonObject, type JsonValue } from '../types/Json.ts';
import type { ModelOrder } from '../types/ModelCalls.ts';

/** Reads what a task asks of the models. @throws TaskSystemError `MODEL_REQUEST_INVALID`. */
export function readOrder(params: JsonValue): ModelOrder {
  const order = isJsonObject(params) ? orderOf(params) : undefined;
  if (order !== undefined) return order;
  throw new TaskSystemError('MODEL_REQUEST_INVALID', 'It is none of the orders that a task may give');
}

function orderOf(params: { readonly [key: string]: JsonValue }): ModelOrder | undefined {
  const { op, call, model, options, isTurn } = params;
  if (op === 'describe') return typeof model === 'string' ? { op, model } : undefined;
  if (typeof call !== 'number' || !Number.isSafeInteger(call)) return undefined;
  if (op === 'pull' || op === 'abort') return { op, call };
  if ((op !== 'generate' && op !== 'stream') || typeof model !== 'string' || !isJsonObject(options)) return undefined;
  return { op, call, model, options, ...(isTurn === true ? { isTurn } : {}) };
}
