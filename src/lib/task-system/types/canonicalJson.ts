import { isJsonObject, type JsonValue } from './Json.ts';

/** A JSON text that is the same for values that are the same, whatever the order of their keys, and for no others. It is stored: it must not change. */
export function canonicalJson(value: JsonValue): string {
  if (isJsonObject(value)) return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`).join(',')}}`;
  if (!Array.isArray(value)) return JSON.stringify(value);
  const items: readonly JsonValue[] = value;
  return `[${items.map(canonicalJson).join(',')}]`;
}
