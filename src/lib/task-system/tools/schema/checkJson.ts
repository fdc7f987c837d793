import { isJsonObject, type JsonObject, type JsonValue } from '../../types/Json.ts';
import type { StandardIssue, StandardResult } from '../../types/StandardSchema.ts';
import { boundIssues, typeIssue } from './boundIssues.ts';

/** How deep schemas are followed, references included. */
const MAX_DEPTH = 64;
/** How many steps a check may take: what is beyond is a schema that was made to cost time. */
const MAX_STEPS = 250_000;
const MAX_ISSUES = 16;

/** A value with the defaults of its schema filled in, or the issues. */
interface Walked { readonly value: JsonValue; readonly issues: readonly StandardIssue[] }
type Path = readonly (string | number)[];

/**
 * Checks a value against a JSON Schema and fills in the `default` of properties that are missing. Knows what schemas of tools are made
 * of: types, `enum`, `const`, bounds, objects, arrays, `anyOf`, `oneOf`, `allOf`, `not` and references within the schema. Of patterns and
 * formats it takes no notice: a regular expression from outside can take forever. Whatever the schema, it ends soon.
 */
export function checkJson(schema: JsonValue, value: JsonValue): StandardResult<JsonValue> {
  const { value: filled, issues } = new Check(schema).walk(schema, value, []);
  return issues.length === 0 ? { value: filled } : { issues: issues.slice(0, MAX_ISSUES) };
}

class Check {
  readonly #root: JsonValue;
  #steps = 0;
  #depth = 0;

  constructor(root: JsonValue) {
    this.#root = root;
  }

  walk(schema: JsonValue, value: JsonValue, path: Path): Walked {
    // To find out what more would cost, costs as well.
    if (this.#steps <= MAX_STEPS) this.#steps += costOf(schema, value);
    if (schema === true) return { value, issues: [] };
    if (!isJsonObject(schema)) return refuse(value, path, schema === false ? 'nothing is allowed here' : 'the schema is none');
    if (this.#steps > MAX_STEPS || this.#depth >= MAX_DEPTH) return refuse(value, path, 'the schema is too complicated');
    this.#depth++;
    const walked = this.#walkObject(schema, value, path);
    this.#depth--;
    return walked;
  }

  #walkObject(schema: JsonObject, value: JsonValue, path: Path): Walked {
    const wrongType = typeIssue(schema['type'], value);
    if (wrongType !== undefined) return refuse(value, path, wrongType);
    const own = [...boundIssues(schema, value), ...this.#negations(schema, value, path)].map((message) => ({ message, path }));
    const steps: readonly ((value: JsonValue) => Walked)[] = [
      (current) => this.#reference(schema, current, path),
      (current) => this.#properties(schema, current, path),
      (current) => this.#items(schema, current, path),
      (current) => this.#all(schema, current, path),
      (current) => this.#alternatives(schema, current, path),
    ];
    return steps.reduce<Walked>((walked, step) => {
      const next = step(walked.value);
      return { value: next.value, issues: [...walked.issues, ...next.issues] };
    }, { value, issues: own });
  }

  #reference({ $ref }: JsonObject, value: JsonValue, path: Path): Walked {
    if ($ref === undefined) return { value, issues: [] };
    const target = typeof $ref === 'string' ? resolvePointer(this.#root, $ref) : undefined;
    return target === undefined ? refuse(value, path, 'the schema refers to something that is not there') : this.walk(target, value, path);
  }

  #properties(schema: JsonObject, value: JsonValue, path: Path): Walked {
    if (!isJsonObject(value)) return { value, issues: [] };
    const known = isJsonObject(schema['properties']) ? schema['properties'] : {};
    const issues: StandardIssue[] = requiredOf(schema).filter((name) => !Object.hasOwn(value, name) && defaultOf(known, name) === undefined)
      .map((name) => ({ message: 'is missing', path: [...path, name] }));
    const entries: [string, JsonValue][] = [];
    const missing = Object.keys(known).filter((name) => !Object.hasOwn(value, name)).flatMap((name): [string, JsonValue][] => {
      const filled = defaultOf(known, name);
      return filled === undefined ? [] : [[name, filled]];
    });
    for (const [name, item] of [...Object.entries(value), ...missing]) {
      const inner = Object.hasOwn(known, name) ? known[name] : schema['additionalProperties'] ?? true;
      const walked = inner === false && !Object.hasOwn(known, name) ? refuse(item, [...path, name], 'is not known here') : this.walk(inner ?? true, item, [...path, name]);
      entries.push([name, walked.value]);
      issues.push(...walked.issues);
    }
    return { value: Object.fromEntries(entries), issues };
  }

  #items(schema: JsonObject, value: JsonValue, path: Path): Walked {
    if (!Array.isArray(value)) return { value, issues: [] };
    const items: readonly JsonValue[] = value;
    const first: readonly JsonValue[] = listOf(schema['prefixItems']);
    const walked = items.map((item, index) => this.walk(first[index] ?? schema['items'] ?? true, item, [...path, index]));
    return { value: walked.map((each) => each.value), issues: walked.flatMap(({ issues }) => issues) };
  }

  #all(schema: JsonObject, value: JsonValue, path: Path): Walked {
    return listOf(schema['allOf']).reduce<Walked>((walked, one) => {
      const next = this.walk(one, walked.value, path);
      return { value: next.value, issues: [...walked.issues, ...next.issues] };
    }, { value, issues: [] });
  }

  /** Of `anyOf` the first that fits counts; of `oneOf` exactly one has to. */
  #alternatives(schema: JsonObject, value: JsonValue, path: Path): Walked {
    const any = listOf(schema['anyOf']);
    const one = listOf(schema['oneOf']);
    const fitting = (schemas: readonly JsonValue[], from: JsonValue): readonly Walked[] => schemas.map((each) => this.walk(each, from, path)).filter(({ issues }) => issues.length === 0);
    let current = value;
    if (any.length > 0) {
      const [first] = fitting(any, current);
      if (first === undefined) return refuse(value, path, 'fits none of the alternatives');
      current = first.value;
    }
    if (one.length === 0) return { value: current, issues: [] };
    const found = fitting(one, current);
    const [only] = found;
    if (found.length === 1 && only !== undefined) return only;
    return refuse(value, path, found.length === 0 ? 'fits none of the alternatives' : 'fits more than one of the alternatives');
  }

  #negations(schema: JsonObject, value: JsonValue, path: Path): readonly string[] {
    const { not } = schema;
    return not !== undefined && this.walk(not, value, path).issues.length === 0 ? ['is what it must not be'] : [];
  }
}

/** Roughly what looking at a value costs: a schema can have the same one looked at again and again. */
function costOf(schema: JsonValue, value: JsonValue): number {
  const isCompared = isJsonObject(schema) && ['enum', 'const', 'uniqueItems'].some((key) => Object.hasOwn(schema, key));
  if (typeof value === 'string') return 1 + value.length / 16;
  if (typeof value !== 'object' || value === null) return 1;
  return 1 + Object.keys(value).length + (isCompared ? JSON.stringify(value).length / 16 : 0);
}

function refuse(value: JsonValue, path: Path, message: string): Walked {
  return { value, issues: [{ message, path }] };
}

function requiredOf(schema: JsonObject): readonly string[] {
  return listOf(schema['required']).filter((name) => typeof name === 'string');
}

function defaultOf(properties: JsonObject, name: string): JsonValue | undefined {
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isJsonObject(property) ? property['default'] : undefined;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  const list: readonly JsonValue[] | undefined = Array.isArray(value) ? value : undefined;
  return list ?? [];
}

/** `#`, `#/$defs/name`: only within the schema itself. */
function resolvePointer(root: JsonValue, reference: string): JsonValue | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  const names = reference.split('/').slice(1).map((name) => unescaped(name).replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.reduce<JsonValue | undefined>((inner, name) => {
    if (Array.isArray(inner)) return listOf(inner)[Number(name)];
    return isJsonObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined;
  }, root);
}

/** A reference is a part of an address: spaces and other scripts may stand in it as `%20`. */
function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
