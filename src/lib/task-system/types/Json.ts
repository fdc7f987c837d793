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

/** How deep a value may be nested that comes from another process: whoever walks a deeper one may run out of stack. */
export const MAX_JSON_DEPTH = 100;

/** Whether a JSON value is nested no deeper than {@link MAX_JSON_DEPTH} and weighs no more than `maxWeight`: characters, plus one per value. */
export function isBoundedJson(root: unknown, maxWeight = Infinity): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  let weight = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    weight += typeof value === 'string' ? value.length + 1 : 1;
    if (depth > MAX_JSON_DEPTH || weight > maxWeight) return false;
    if (typeof value !== 'object' || value === null) continue;
    // The places of a list are no characters of it.
    const hasNames = !Array.isArray(value);
    for (const [key, item] of Object.entries(value)) {
      if (hasNames) weight += key.length;
      open.push({ value: item, depth: depth + 1 });
    }
  }
  return true;
}

/** Whether a JSON value is an object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
