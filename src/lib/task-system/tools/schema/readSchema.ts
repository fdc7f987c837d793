import { isRecord } from '../../types/isRecord.ts';
import { isBoundedJson, isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '../../types/Json.ts';
import type { StandardResult } from '../../types/StandardSchema.ts';
import type { ListedSchema } from '../../types/Tools.ts';
import { checkJson } from './checkJson.ts';

/** What every kind of schema comes down to. */
export interface ReadSchema {
  /** Checks a value; the result may hold another value, with defaults and conversions. */
  readonly validate: (value: JsonValue) => StandardResult<unknown> | Promise<StandardResult<unknown>>;
  /** The schema as JSON Schema, for models. */
  readonly json: () => Promise<JsonObject>;
}

/** How the AI SDK marks its own schemas. */
const AI_SDK = Symbol.for('vercel.ai.schema');
/** A schema of a tool that says nothing: an object. */
const ANY_OBJECT: JsonObject = { type: 'object' };

/**
 * Reads the schema of a tool: a Standard Schema, one of the AI SDK, a function that gives one of them, a JSON Schema, or none.
 * Undefined when it is something else.
 */
export function readSchema(schema: unknown, depth = 0): ReadSchema | undefined {
  if (schema === undefined || schema === null) return ofJson(ANY_OBJECT);
  const standard = standardOf(schema);
  if (standard !== undefined) return standard;
  if (typeof schema === 'function') return depth > 1 ? undefined : readSchema(Reflect.apply(schema, undefined, []), depth + 1);
  if (!isRecord(schema)) return undefined;
  if (Reflect.get(schema, AI_SDK) === true) return ofAiSdk(schema);
  const json = toJson(schema);
  return json === undefined ? undefined : ofJson(json);
}

/** A JSON Schema that is a Standard Schema as well; what makes it one is not written as JSON. */
export function listedSchema(json: JsonObject): ListedSchema {
  const standard = {
    version: 1, vendor: 'task-system',
    validate: (value: unknown) => validateObject(json, value),
    jsonSchema: { input: () => ({ ...json }), output: () => ({ ...json }) },
  } as const;
  return Object.defineProperty(Object.assign({ ...json }, { '~standard': standard }), '~standard', { enumerable: false });
}

function validateObject(json: JsonObject, value: unknown): StandardResult<JsonObject> {
  const copy = parseJson(stringifyJson(value) ?? 'null');
  const result = checkJson(json, copy);
  if (result.issues !== undefined) return result;
  return isJsonObject(result.value) ? { value: result.value } : { issues: [{ message: 'expected an object' }] };
}

function ofJson(json: JsonObject): ReadSchema {
  return { validate: (value) => checkJson(json, value), json: () => Promise.resolve(json) };
}

/** Some libraries make their schemas functions. */
function standardOf(schema: unknown): ReadSchema | undefined {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return undefined;
  const standard: unknown = Reflect.get(schema, '~standard');
  if (!isRecord(standard)) return undefined;
  const { validate, jsonSchema } = standard;
  if (typeof validate !== 'function') return undefined;
  return {
    validate: async (value) => readResult(await Reflect.apply(validate, standard, [value])),
    json: () => Promise.resolve(isRecord(jsonSchema) ? callForJson(jsonSchema, 'input') : ANY_OBJECT),
  };
}

function ofAiSdk(schema: Readonly<Record<string, unknown>>): ReadSchema {
  const json = async (): Promise<JsonObject> => toJson(await schema['jsonSchema']) ?? ANY_OBJECT;
  const { validate } = schema;
  if (typeof validate !== 'function') return { validate: async (value) => checkJson(await json(), value), json };
  return {
    validate: async (value) => {
      const result: unknown = await Reflect.apply(validate, schema, [value]);
      if (isRecord(result) && result['success'] === true) return { value: result['value'] };
      const error = isRecord(result) ? result['error'] : undefined;
      return { issues: [{ message: error instanceof Error ? error.message : 'it does not fit its schema' }] };
    },
    json,
  };
}

/** Asks a schema for its JSON form; one that cannot be had is no reason to fail: models can do without. */
function callForJson(source: Readonly<Record<string, unknown>>, method: string): JsonObject {
  const make = source[method];
  if (typeof make !== 'function') return ANY_OBJECT;
  try {
    return toJson(Reflect.apply(make, source, [{ target: 'draft-2020-12' }])) ?? ANY_OBJECT;
  } catch {
    return ANY_OBJECT;
  }
}

function readResult(result: unknown): StandardResult<unknown> {
  if (!isRecord(result)) return { issues: [{ message: 'its schema gives no result' }] };
  if (result['issues'] === undefined) return { value: result['value'] };
  const issues: readonly unknown[] = Array.isArray(result['issues']) ? result['issues'] : [];
  return { issues: issues.length === 0 ? [{ message: 'it does not fit its schema' }] : issues.map(readIssue) };
}

function readIssue(issue: unknown): { readonly message: string; readonly path?: readonly PropertyKey[] } {
  if (!isRecord(issue)) return { message: 'it does not fit its schema' };
  const path: readonly unknown[] = Array.isArray(issue['path']) ? issue['path'] : [];
  const keys = path.map((part) => (isRecord(part) ? part['key'] : part)).filter((key) => typeof key === 'string' || typeof key === 'number' || typeof key === 'symbol');
  return { message: String(issue['message']), path: keys };
}

function toJson(value: unknown): JsonObject | undefined {
  try {
    const copy = parseJson(stringifyJson(value) ?? 'null');
    return isJsonObject(copy) && isBoundedJson(copy) ? copy : undefined;
  } catch {
    return undefined;
  }
}
