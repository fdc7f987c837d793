import { describe, expect, it } from 'vitest';
import { boundIssues, typeIssue } from '../../../src/lib/task-system/tools/schema/boundIssues.ts';

describe('typeIssue', () => {
  it('has nothing to say where no type is asked for', () => {
    expect(typeIssue(undefined, 1)).toBeUndefined();
  });

  it('says what was expected and what came', () => {
    expect(typeIssue('string', 1)).toBe('expected string, got integer');
    expect(typeIssue(['string', 'null'], [])).toBe('expected string or null, got array');
    expect(typeIssue('integer', 1.5)).toBe('expected integer, got number');
  });

  it('takes a whole number for a number, and 1.0 for a whole one', () => {
    expect([typeIssue('number', 1), typeIssue('integer', 1.0)]).toEqual([undefined, undefined]);
  });

  it('fits nothing to a type that nobody knows', () => {
    expect(typeIssue('bee', 1)).toBeDefined();
    expect(typeIssue([7], 7)).toBeDefined();
  });

  it('does not take null for an object', () => {
    expect(typeIssue('object', null)).toBe('expected object, got null');
  });
});

describe('boundIssues', () => {
  it('has nothing to say of a schema without bounds', () => {
    expect(boundIssues({}, 'x')).toEqual([]);
  });

  it('looks only at the bounds that are for the kind of value', () => {
    expect(boundIssues({ minimum: 5, minItems: 5, minProperties: 5, minLength: 1 }, 'x')).toEqual([]);
  });

  it('names every bound that is broken', () => {
    expect(boundIssues({ minimum: 5, multipleOf: 2, enum: [6, 8] }, 3)).toEqual(['expected one of [6,8]', 'must be at least 5', 'must be a multiple of 2']);
  });

  it('takes no notice of bounds that are none', () => {
    expect(boundIssues({ minimum: '5', multipleOf: 0, enum: 'x', maxLength: null }, 3)).toEqual([]);
  });

  it('compares values by what they are, not by the order of their keys', () => {
    expect(boundIssues({ const: { a: 1, b: [{ c: 2, d: 3 }] } }, { b: [{ d: 3, c: 2 }], a: 1 })).toEqual([]);
    expect(boundIssues({ const: [1, 2] }, [2, 1])).toEqual(['expected [1,2]']);
    expect(boundIssues({ const: null }, {})).toHaveLength(1);
  });

  it('shortens long lists of what is allowed', () => {
    expect(boundIssues({ enum: Array.from({ length: 1_000 }, (_, index) => index) }, -1)[0]?.length).toBeLessThan(250);
  });

  it('counts characters as people do', () => {
    expect(boundIssues({ maxLength: 1 }, '🐝')).toEqual([]);
    expect(boundIssues({ minLength: 2 }, '🐝')).toEqual(['must have at least 2 characters']);
  });
});
