import { inspect } from 'node:util';
import * as z from 'zod';
import { TaskSystemError } from './Errors.ts';
import { isRecord } from './OptionLeaves.ts';
import { nearest } from './nearest.ts';

/** One thing that is wrong with an options object. */
export interface OptionProblem {
  /** Where: `retry.maxAttempts`; empty for the object itself. */
  readonly path: string;
  /** What: `expected an integer >= 1, got "3" (string)`. */
  readonly message: string;
}

/** A value that fits its schema, or everything that is wrong with it. */
export type Checked<Output> = { readonly ok: true; readonly value: Output } | { readonly ok: false; readonly problems: readonly OptionProblem[] };

const MAX_SHOWN = 80;

/** Checks options. A key with the value `undefined` counts as left out, also where the type would not allow it. */
export function check<Output>(schema: z.ZodType<Output>, value: unknown): Checked<Output> {
  const first = schema.safeParse(value);
  if (first.success) return { ok: true, value: first.data };
  const cleaned = withoutUndefined(schema, value);
  const second = schema.safeParse(cleaned);
  if (second.success) return { ok: true, value: second.data };
  return { ok: false, problems: second.error.issues.flatMap((issue) => describeIssue(schema, cleaned, issue)) };
}

/** The error for wrong options: all problems in one message, and as data in `details.problems`. */
export function invalidOptions(code: 'OPTIONS_INVALID' | 'SUBMIT_INVALID', problems: readonly OptionProblem[]): TaskSystemError {
  const text = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new TaskSystemError(code, text, { problems: problems.map(({ path, message }) => ({ path, message })) });
}

function describeIssue(schema: z.ZodType, root: unknown, issue: z.core.$ZodIssue): readonly OptionProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: describeUnknownKey(schema, issue.path, key) }));
  }
  if (issue.code === 'invalid_union' && isRecord(valueAt(root, issue.path))) return describeBranch(schema, root, issue);
  const path = pathText(issue.path);
  if (issue.code === 'invalid_key') return [{ path, message: `expected ${issue.issues[0]?.message ?? 'another key'} as key` }];
  const isSecret = ['env', 'secret', 'secrets', 'ca', 'apiKey', 'headers'].some((name) => issue.path.includes(name));
  return [{ path, message: `expected ${issue.message}, got ${describeValue(valueAt(root, issue.path), isSecret)}` }];
}

/** An object can only have been meant for the last kind of value that a union takes: what is wrong inside says more than "neither fits". */
function describeBranch(schema: z.ZodType, root: unknown, issue: z.core.$ZodIssueInvalidUnion): readonly OptionProblem[] {
  return (issue.errors.at(-1) ?? []).flatMap((inner) => describeIssue(schema, root, { ...inner, path: [...issue.path, ...inner.path] }));
}

function describeUnknownKey(schema: z.ZodType, path: readonly PropertyKey[], key: string): string {
  const known = keysOf(schemaAt(schema, path));
  const near = nearest(key, known);
  if (near !== undefined) return `unknown option, did you mean "${near}"?`;
  const elsewhere = pathsOf(schema).filter((candidate) => candidate.endsWith(`.${key}`)).sort(byDirectness)[0];
  if (elsewhere !== undefined) return `unknown option here, did you mean "${elsewhere}"?`;
  return `unknown option; known are ${known.join(', ')}`;
}

/** Settings of the whole system come before those of one type or project. */
function byDirectness(left: string, right: string): number {
  return Number(left.includes('<name>')) - Number(right.includes('<name>'));
}

/** Describes a value without printing what may be large or secret. */
function describeValue(value: unknown, isSecret: boolean): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number') return String(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return describeObject(value);
  if (isSecret) return `a ${typeof value}`;
  const text = typeof value === 'string' ? JSON.stringify(withoutPassword(value).slice(0, MAX_SHOWN)) : inspect(value);
  return `${text}${typeof value === 'string' && value.length > MAX_SHOWN ? '…' : ''} (${typeof value})`;
}

/** An address may be refused for the very password in it: messages end up in logs. */
function withoutPassword(text: string): string {
  return text.replace(/:\/\/[^/?#]*@/, '://…@');
}

function describeObject(value: object): string {
  if (value instanceof URL) return `the URL ${withoutPassword(value.href).slice(0, MAX_SHOWN)}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || prototype === Object.prototype;
  return isPlain ? 'an object' : `an object of class ${value.constructor.name}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, index) => {
    if (typeof part === 'number') return `[${String(part)}]`;
    const key = String(part);
    if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key)) return `[${JSON.stringify(key)}]`;
    return index === 0 ? key : `.${key}`;
  }).join('');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  return value;
}

function schemaAt(schema: unknown, path: readonly PropertyKey[]): unknown {
  let current = schema;
  for (const part of path) current = innerSchema(current, part);
  return current;
}

/** The schema of one key of an object or record. */
function innerSchema(schema: unknown, key: PropertyKey): unknown {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) return Reflect.get(bare.shape, key);
  if (bare instanceof z.ZodArray) return bare.element;
  return bare instanceof z.ZodRecord ? bare.valueType : undefined;
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodReadonly) return unwrap(schema.unwrap());
  // Of the unions here, the last kind is the one with an inside.
  return schema instanceof z.ZodUnion ? unwrap(schema.options.at(-1)) : schema;
}

function keysOf(schema: unknown): readonly string[] {
  const bare = unwrap(schema);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

/** The paths of all options below a schema; `<name>` stands for a key of the user's own. */
function pathsOf(schema: unknown): readonly string[] {
  const bare = unwrap(schema);
  const keys = bare instanceof z.ZodRecord ? ['<name>'] : keysOf(bare);
  return keys.flatMap((key) => [key, ...pathsOf(innerSchema(bare, key)).map((path) => `${key}.${path}`)]);
}

/** A copy without the keys that hold `undefined`, as deep as the schema describes objects; other values are left alone. */
function withoutUndefined(schema: unknown, value: unknown): unknown {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodArray && Array.isArray(value)) return value.map((item) => withoutUndefined(bare.element, item));
  const isDescribed = bare instanceof z.ZodObject || bare instanceof z.ZodRecord;
  if (!isDescribed || !isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutUndefined(innerSchema(bare, key), item)]));
}
