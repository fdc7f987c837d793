import * as z from 'zod';

export { isRecord } from './isRecord.ts';

/** A hundred years: far enough for any wait, near enough that adding it to the time of day stays exact. */
const MAX_DURATION_MS = 3_155_760_000_000;

/**
 * The schema of one value: a test, and a phrase that completes "expected …" when the value fails it. The phrase is the issue's
 * message; path and actual value are put around it by `describeProblems`.
 */
export function leaf<Value>(expected: string, test: (value: unknown) => boolean): z.ZodType<Value, Value> {
  // Without `abort: false` a wrong value would keep the rules between fields from being looked at.
  return z.custom<Value>(test, { error: expected, abort: false });
}

/** A whole number within bounds. */
export function integer(min: number, max?: number): z.ZodType<number, number> {
  const expected = max === undefined ? `an integer >= ${String(min)}` : `an integer from ${String(min)} to ${String(max)}`;
  return leaf(expected, (value) => isInteger(value) && value >= min && (max === undefined || value <= max));
}

/** A whole number, or `false` for "no bound". */
export function integerOrOff(min: number): z.ZodType<number | false, number | false> {
  return leaf(`false or an integer >= ${String(min)}`, (value) => value === false || (isInteger(value) && value >= min));
}

/** A number of milliseconds, which need not be whole. */
export function duration(min: number): z.ZodType<number, number> {
  return leaf(durationPhrase(min), (value) => isDuration(value, min));
}

/** A number of milliseconds, or `false` for "off". */
export function durationOrOff(min: number): z.ZodType<number | false, number | false> {
  return leaf(`false or ${durationPhrase(min)}`, (value) => value === false || isDuration(value, min));
}

/** `true` or `false`. */
export function flag(): z.ZodType<boolean, boolean> {
  return leaf('true or false', (value) => typeof value === 'boolean');
}

/** A text within bounds of length, in UTF-16 units. */
export function text(max: number): z.ZodType<string, string> {
  return leaf(`a text of 1 to ${String(max)} characters`, (value) => isText(value) && value.length >= 1 && value.length <= max);
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(...words: Words): z.ZodType<Words[number], Words[number]> {
  return leaf(`one of ${words.map((word) => `"${word}"`).join(', ')}`, (value) => typeof value === 'string' && words.includes(value));
}

/** An object with these keys and no others. */
export function group<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, { error: 'an object' });
}

/**
 * Returns the schema as it is; compiles only when what it accepts is exactly `Options`, so that the documented interface and the
 * check at run time cannot drift apart.
 */
export function tiedTo<Options>(): <Schema extends z.ZodType>(schema: Schema & Proof<Schema, Options>) => Schema {
  return (schema) => schema;
}

type Proof<Schema extends z.ZodType, Options> = Same<z.input<Schema>, Options> extends true ? unknown : 'the schema and the interface differ';
type Same<Left, Right> = [Left] extends [Right] ? [Right] extends [Left] ? SameKeys<keyof Left, keyof Right> : false : false;
type SameKeys<Left, Right> = [Left] extends [Right] ? [Right] extends [Left] ? true : false : false;

/** Whether a value is a number that can be computed with. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Whether a value is a string that UTF-8 can carry without loss and that no C library cuts short. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isDuration(value: unknown, min: number): boolean {
  return isNumber(value) && value >= min && value <= MAX_DURATION_MS;
}

function durationPhrase(min: number): string {
  return `a number of milliseconds from ${String(min)} to ${String(MAX_DURATION_MS)} (100 years)`;
}
