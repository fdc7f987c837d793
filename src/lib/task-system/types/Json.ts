/** A value that survives JSON: what inputs, results, metadata and event data are made of. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A JSON object. */
export interface JsonObject { readonly [key: string]: JsonValue }

/** Reads JSON text. @throws SyntaxError when it is not JSON. */
export function parseJson(text: string): JsonValue {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- without a reviver nothing but JSON values can come out
  return JSON.parse(text);
}

/** `JSON.stringify` as it is: functions, symbols and `undefined` give no text. @throws TypeError on cycles and BigInt. */
export const stringifyJson: (value: unknown, replacer?: (key: string, value: unknown) => unknown) => string | undefined = JSON.stringify;

/** Whether a JSON value is an object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
