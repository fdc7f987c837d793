import { canonicalJson } from '../../types/canonicalJson.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../types/Json.ts';

/** What is wrong with the type of a value; undefined when nothing is. */
export function typeIssue(type: JsonValue | undefined, value: JsonValue): string | undefined {
  if (type === undefined) return undefined;
  const wanted: readonly JsonValue[] = Array.isArray(type) ? type : [type];
  const seen = typesOf(value);
  return wanted.some((each) => typeof each === 'string' && seen.includes(each)) ? undefined : `expected ${wanted.map(String).join(' or ')}, got ${seen[0] ?? 'nothing'}`;
}

/** What is wrong with a value by the bounds that stand in its schema, without looking inside of it. */
export function boundIssues(schema: JsonObject, value: JsonValue): readonly string[] {
  return [...valueIssues(schema, value), ...numberIssues(schema, value), ...sizeIssues(schema, value)];
}

function valueIssues(schema: JsonObject, value: JsonValue): readonly string[] {
  const { enum: allowed, const: only } = schema;
  const list: readonly JsonValue[] | undefined = Array.isArray(allowed) ? allowed : undefined;
  return [
    ...(list === undefined || list.some((each) => isSame(each, value)) ? [] : [`expected one of ${JSON.stringify(list).slice(0, 200)}`]),
    ...(only === undefined || isSame(only, value) ? [] : [`expected ${JSON.stringify(only).slice(0, 200)}`]),
  ];
}

function numberIssues(schema: JsonObject, value: JsonValue): readonly string[] {
  if (typeof value !== 'number') return [];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return [
    ...(typeof minimum === 'number' && value < minimum ? [`must be at least ${String(minimum)}`] : []),
    ...(typeof maximum === 'number' && value > maximum ? [`must be at most ${String(maximum)}`] : []),
    ...(typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum ? [`must be more than ${String(exclusiveMinimum)}`] : []),
    ...(typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum ? [`must be less than ${String(exclusiveMaximum)}`] : []),
    ...(typeof multipleOf === 'number' && multipleOf > 0 && !isMultiple(value, multipleOf) ? [`must be a multiple of ${String(multipleOf)}`] : []),
  ];
}

/** Not `%`: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  const times = value / of;
  return Math.abs(times - Math.round(times)) < 1e-9;
}

function sizeIssues(schema: JsonObject, value: JsonValue): readonly string[] {
  if (typeof value === 'string') return between(Array.from(value).length, schema['minLength'], schema['maxLength'], 'characters');
  if (Array.isArray(value)) {
    const items: readonly JsonValue[] = value;
    const doubles = schema['uniqueItems'] === true && new Set(items.map(canonicalJson)).size < items.length ? ['must not hold anything twice'] : [];
    return [...between(items.length, schema['minItems'], schema['maxItems'], 'items'), ...doubles];
  }
  return isJsonObject(value) ? between(Object.keys(value).length, schema['minProperties'], schema['maxProperties'], 'properties') : [];
}

function between(size: number, least: JsonValue | undefined, most: JsonValue | undefined, what: string): readonly string[] {
  return [
    ...(typeof least === 'number' && size < least ? [`must have at least ${String(least)} ${what}`] : []),
    ...(typeof most === 'number' && size > most ? [`must have at most ${String(most)} ${what}`] : []),
  ];
}

function typesOf(value: JsonValue): readonly string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [typeof value];
}

function isSame(left: JsonValue, right: JsonValue): boolean {
  return left === right || (typeof left === 'object' && typeof right === 'object' && canonicalJson(left) === canonicalJson(right));
}
