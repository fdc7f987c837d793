import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { describeIssues, type StandardSchema } from '../../src/lib/task-system/types/StandardSchema.ts';

describe('StandardSchema', () => {
  it('is what zod implements', async () => {
    const schema: StandardSchema<{ topic: string }> = z.object({ topic: z.string() });
    expect(await schema['~standard'].validate({ topic: 'bees' })).toEqual({ value: { topic: 'bees' } });
    const refused = await schema['~standard'].validate({ topic: 5 });
    expect(describeIssues(refused.issues ?? [])).toMatch(/^topic: .*string/);
  });
});

describe('describeIssues', () => {
  it.each([
    [[{ message: 'is wrong' }], 'is wrong'],
    [[{ message: 'is wrong', path: [] }], 'is wrong'],
    [[{ message: 'is short', path: ['list', 3, 'name'] }], 'list.3.name: is short'],
    [[{ message: 'is short', path: [{ key: 'list' }, { key: 0 }] }], 'list.0: is short'],
    [[{ message: 'a', path: ['x'] }, { message: 'b', path: ['y'] }], 'x: a; y: b'],
    [[], ''],
  ])('writes %j as %j', (issues, text) => {
    expect(describeIssues(issues)).toBe(text);
  });
});
