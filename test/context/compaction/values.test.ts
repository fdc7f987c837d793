import { describe, expect, it } from 'vitest';
import { findValues, inputValues } from '../../../src/lib/task-system/context/compaction/values.ts';

const pairs = (text: string): readonly string[] => findValues(text).map(({ key, value }) => `${key}=${value}`);

describe('findValues', () => {
  it('takes the leaves of JSON by their names', () => {
    expect(pairs('{"id":"W-1","open":true,"count":12345}')).toEqual(['id=W-1', 'count=12345']);
  });

  it('gives the values of a list the name of the list', () => {
    expect(pairs('{"ids":["a1","b2"]}')).toEqual(['ids=a1', 'ids=b2']);
  });

  it('takes a key with a digit for a value, and passes the name above it on', () => {
    expect(pairs('{"orders":{"W-1":"open"}}')).toEqual(['orders=W-1', 'orders=open']);
  });

  it('counts how many values stand under one name', () => {
    expect(findValues('{"ids":["a1","b2"],"name":"Ann"}').map(({ siblings }) => siblings)).toEqual([2, 2, 1]);
  });

  it('leaves out a value of one character, and takes one of two', () => {
    expect(pairs('["a","ab"]')).toEqual(['=ab']);
  });

  it('takes a value of 120 characters as it is', () => {
    expect(pairs(JSON.stringify(['x'.repeat(120)]))).toEqual([`=${'x'.repeat(120)}`]);
  });

  it('looks inside a longer one for values', () => {
    expect(pairs(JSON.stringify({ log: `${'word '.repeat(30)}see https://a.example/b` }))).toContain('=https://a.example/b');
  });

  it('takes JSON with space before it', () => {
    expect(pairs(' \n[12345]')).toEqual(['=12345']);
  });

  it('takes text that only begins like JSON for text', () => {
    expect(pairs('{not json} order_id')).toContain('=order_id');
  });

  it('does not take a bare number or word for JSON', () => {
    expect(pairs('"quoted"')).toEqual(['=quoted']);
  });

  it('goes no deeper than it should', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}"deep1"${']'.repeat(depth)}`;
    expect([pairs(nested(12)), pairs(nested(13))]).toEqual([['=deep1'], []]);
  });
});

describe('inputValues', () => {
  it('reads arguments that came as an object', () => {
    expect(inputValues({ path: 'a.txt' })).toMatchObject([{ key: 'path', value: 'a.txt' }]);
  });

  it('reads arguments that came as text', () => {
    expect(inputValues('{"path":"a.txt"}')).toMatchObject([{ key: 'path', value: 'a.txt' }]);
  });

  it('finds nothing where there are no arguments', () => {
    expect(inputValues(undefined)).toEqual([]);
  });
});
