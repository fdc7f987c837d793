import { jsonSchema, zodSchema } from 'ai';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { listedSchema, readSchema } from '../../../src/lib/task-system/tools/schema/readSchema.ts';

const object = { type: 'object' as const, properties: { n: { type: 'number' as const } }, required: ['n'] };

describe('readSchema', () => {
  it.each([
    ['a schema of zod', z.object({ n: z.number() })],
    ['a JSON Schema', object],
    ['a jsonSchema of the AI SDK', jsonSchema(object)],
    ['a zodSchema of the AI SDK', zodSchema(z.object({ n: z.number() }))],
    ['a function that gives a schema', () => z.object({ n: z.number() })],
    ['a listed schema', listedSchema(object)],
  ])('reads %s', async (_name, schema) => {
    const read = readSchema(schema);
    expect(await read?.validate({ n: 1 })).toEqual({ value: { n: 1 } });
    expect((await read?.validate({ n: 'x' }))?.issues).toHaveLength(1);
    expect(await read?.json()).toMatchObject({ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] });
  });

  it('takes no schema for any object', async () => {
    expect(await readSchema(undefined)?.validate({ a: 1 })).toEqual({ value: { a: 1 } });
    expect((await readSchema(undefined)?.validate('a'))?.issues).toHaveLength(1);
  });

  it('gives what the schema makes of a value', async () => {
    expect(await readSchema(z.object({ n: z.coerce.number() }))?.validate({ n: '1' })).toEqual({ value: { n: 1 } });
  });

  it('does without a JSON Schema where a library has none', async () => {
    const schema = { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: 1 }), jsonSchema: { input: () => { throw new Error('no'); } } } };
    expect(await readSchema(schema)?.json()).toEqual({ type: 'object' });
  });

  it.each([['a text', 'x'], ['a number', 1], ['a list', []], ['a function that gives itself', function self(): unknown { return self; }]])('does not take %s for a schema', (_name, schema) => {
    expect(readSchema(schema)).toBeUndefined();
  });

  it.each([['nothing', undefined], ['issues that are none', { issues: 'x' }], ['an empty list of issues', { issues: [] }]])('takes %s of a schema for a refusal', async (_name, answer) => {
    const read = readSchema({ '~standard': { version: 1, vendor: 'x', validate: () => answer } });
    expect((await read?.validate(1))?.issues).toHaveLength(1);
  });
});

describe('listedSchema', () => {
  it('is a Standard Schema, and is written as the JSON Schema that it is', async () => {
    const listed = listedSchema(object);
    expect(JSON.parse(JSON.stringify(listed))).toEqual(object);
    expect(await listed['~standard'].validate({ n: 1 })).toEqual({ value: { n: 1 } });
    expect(listed['~standard'].jsonSchema.input({ target: 'draft-07' })).toEqual(object);
  });

  it('wants an object, whatever the schema says', () => {
    expect(listedSchema({})['~standard'].validate([])).toHaveProperty('issues');
  });
});
