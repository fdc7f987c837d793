import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { group, integer, leaf, text } from '../../src/lib/task-system/types/OptionLeaves.ts';
import { check, invalidOptions, type OptionProblem } from '../../src/lib/task-system/types/OptionProblems.ts';

const schema = group({
  size: integer(1),
  name: text(4).exactOptional(),
  inner: group({ depth: integer(0).exactOptional(), colour: text(9).exactOptional() }).exactOptional(),
  list: z.array(group({ width: integer(0).exactOptional() })).exactOptional(),
  byName: z.record(text(9), group({ weight: integer(0).exactOptional() })).exactOptional(),
  either: z.union([text(9), group({ height: integer(0) })], { error: 'a text or an object' }).exactOptional(),
  env: z.record(z.string(), text(3)).exactOptional(),
  headers: z.record(z.string(), text(3)).exactOptional(),
  apiKey: leaf<string>('a key', () => false).exactOptional(),
});

function problemsOf(more: object): readonly OptionProblem[] {
  const checked = check<unknown>(schema, { size: 1, ...more });
  return checked.ok ? [] : checked.problems;
}

function messageOf(more: object): string | undefined {
  return problemsOf(more)[0]?.message;
}

describe('check', () => {
  it('gives back the value that fits', () => {
    expect(check(schema, { size: 3, name: 'ab' })).toEqual({ ok: true, value: { size: 3, name: 'ab' } });
  });

  it('drops a key that holds undefined', () => {
    const checked = check<object>(schema, { size: 3, name: undefined });
    expect(checked.ok && Object.keys(checked.value)).toEqual(['size']);
  });

  it('drops undefined inside objects in a list', () => {
    expect(check<unknown>(schema, { size: 3, list: [{ width: undefined }] })).toEqual({ ok: true, value: { size: 3, list: [{}] } });
  });

  it('drops undefined inside the objects of a record', () => {
    expect(check<unknown>(schema, { size: 3, byName: { a: { weight: undefined }, b: undefined } })).toEqual({ ok: true, value: { size: 3, byName: { a: {} } } });
  });

  it('does not change the object that it was given', () => {
    const given = { size: 3, name: undefined };
    check<unknown>(schema, given);
    expect(Object.keys(given)).toEqual(['size', 'name']);
  });

  it('takes undefined of a required key for a missing one', () => {
    expect(check<unknown>(schema, { size: undefined })).toEqual({ ok: false, problems: [{ path: 'size', message: 'expected an integer >= 1, got nothing' }] });
  });

  it('names the place of an item of a list by its number', () => {
    expect(problemsOf({ list: [{}, { width: -1 }] })).toEqual([{ path: 'list[1].width', message: 'expected an integer >= 0, got -1' }]);
  });

  it('puts a key in quotes where a dot would not do', () => {
    expect(problemsOf({ byName: { 'a b': { weight: -1 } } })).toMatchObject([{ path: 'byName["a b"].weight' }]);
  });

  it('leaves a key with a hyphen as it is', () => {
    expect(problemsOf({ byName: { 'a-b': { weight: -1 } } })).toMatchObject([{ path: 'byName.a-b.weight' }]);
  });

  it('explains what is wrong inside the object of a union', () => {
    expect(problemsOf({ either: { height: 'x' } })).toEqual([{ path: 'either.height', message: 'expected an integer >= 0, got "x" (string)' }]);
  });

  it('says of a value that is no object what the simple kind of the union would be', () => {
    expect(problemsOf({ either: 7 })).toEqual([{ path: 'either', message: 'expected a text of 1 to 9 characters, got 7' }]);
  });

  it('suggests a name for an unknown key inside the object of a union', () => {
    expect(problemsOf({ either: { height: 1, heigth: 1 } })).toEqual([{ path: 'either.heigth', message: 'unknown option, did you mean "height"?' }]);
  });

  it('names every unknown key', () => {
    expect(problemsOf({ zzz: 1, qqq: 2 }).map(({ path }) => path)).toEqual(['zzz', 'qqq']);
  });

  it('prefers a name of the same object to one elsewhere', () => {
    expect(messageOf({ inner: { dept: 1 } })).toBe('unknown option, did you mean "depth"?');
  });

  it('tells where an option belongs that stands in the wrong object', () => {
    expect(messageOf({ colour: 'red' })).toBe('unknown option here, did you mean "inner.colour"?');
  });

  it('shows the place of an option inside a record with a name for the reader to fill in', () => {
    expect(messageOf({ weight: 1 })).toBe('unknown option here, did you mean "byName.<name>.weight"?');
  });

  it('lists what is known when nothing is near', () => {
    expect(messageOf({ inner: { zzz: 1 } })).toBe('unknown option; known are depth, colour');
  });

  it('prints numbers without their type', () => {
    expect(messageOf({ size: Number.NaN })).toContain('got NaN');
  });

  it('tells a text of digits from a number', () => {
    expect(messageOf({ size: '3' })).toContain('got "3" (string)');
  });

  it('prints a text up to 80 characters in full', () => {
    expect(messageOf({ size: 'x'.repeat(80) })).toContain(`"${'x'.repeat(80)}" (string)`);
  });

  it('cuts a text of 81 characters and shows that it did', () => {
    expect(messageOf({ size: 'x'.repeat(81) })).toContain(`"${'x'.repeat(80)}"… (string)`);
  });

  it('does not print what an object holds', () => {
    expect(messageOf({ size: { hidden: 'yes' } })).toBe('expected an integer >= 1, got an object');
  });

  it('says of which class an object is', () => {
    expect(messageOf({ size: new Set() })).toBe('expected an integer >= 1, got an object of class Set');
  });

  it('takes an object without a prototype for a plain one', () => {
    expect(messageOf({ size: Object.create(null) })).toBe('expected an integer >= 1, got an object');
  });

  it('says only that there is a function', () => {
    expect(messageOf({ size: () => 'secret' })).toBe('expected an integer >= 1, got a function');
  });

  it('prints symbols with their type', () => {
    expect(messageOf({ size: Symbol('s') })).toBe('expected an integer >= 1, got Symbol(s) (symbol)');
  });

  it('never prints a value below "env"', () => {
    expect(messageOf({ env: { TOKEN: 'hunter2' } })).toBe('expected a text of 1 to 3 characters, got a string');
  });

  it('never prints a value below "headers"', () => {
    expect(messageOf({ headers: { authorization: 'Bearer x' } })).toBe('expected a text of 1 to 3 characters, got a string');
  });

  it('never prints the password in an address that it refuses', () => {
    expect(messageOf({ size: 'https://me:hush@hooks.example/a' })).toBe('expected an integer >= 1, got "https://…@hooks.example/a" (string)');
  });

  it('never prints it where the password has an "@" in it', () => {
    expect(messageOf({ size: 'https://me:hu@sh@hooks.example/a' })).not.toMatch(/hu|sh@/);
  });

  it('never prints the password of a URL object', () => {
    expect(messageOf({ size: new URL('https://me:hush@hooks.example/a') })).toBe('expected an integer >= 1, got the URL https://…@hooks.example/a');
  });

  it('prints an address with an "@" in its path as it is', () => {
    expect(messageOf({ size: 'https://a.example/@me' })).toContain('"https://a.example/@me"');
  });

  it('never prints an API key', () => {
    expect(messageOf({ apiKey: 'sk-1' })).toBe('expected a key, got a string');
  });
});

describe('invalidOptions', () => {
  it('writes all problems into one message, with their places', () => {
    const error = invalidOptions('OPTIONS_INVALID', [{ path: 'a', message: 'bad' }, { path: 'b[0]', message: 'worse' }]);
    expect(error.message).toContain('a: bad; b[0]: worse');
  });

  it('leaves the colon out for the object itself', () => {
    expect(invalidOptions('SUBMIT_INVALID', [{ path: '', message: 'expected an object, got 3' }]).message).toContain(' expected an object, got 3.');
  });

  it('carries the problems as data and the code it was given', () => {
    const error = invalidOptions('SUBMIT_INVALID', [{ path: 'a', message: 'bad' }]);
    expect([error.code, error.details]).toEqual(['SUBMIT_INVALID', { problems: [{ path: 'a', message: 'bad' }] }]);
  });
});
