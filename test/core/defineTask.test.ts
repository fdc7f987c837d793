import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { defineTask } from '../../src/lib/task-system/core/defineTask.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';

describe('defineTask', () => {
  it('returns what it was given', () => {
    const definition = { run: () => 1 };
    expect(defineTask(definition)).toBe(definition);
  });

  it('gives the handler the type that comes out of its schema', () => {
    defineTask({
      input: z.object({ topic: z.string(), depth: z.number().default(1) }),
      run: ({ input }) => { expectTypeOf(input).toEqualTypeOf<{ topic: string; depth: number }>(); },
    });
  });

  it('gives a handler without schema any JSON', () => {
    defineTask({ run: ({ input }) => { expectTypeOf(input).toEqualTypeOf<JsonValue>(); } });
  });
});
