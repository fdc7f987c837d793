import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { check } from '../../src/lib/task-system/types/OptionProblems.ts';
import { deadLetterListSchema, endpointSchema, replaySchema, rotateSchema } from '../../src/lib/task-system/types/WebhookSchemas.ts';

const URL_OK = 'https://hooks.example/a';
const secretOf = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

function wrong(schema: z.ZodType, value: unknown): readonly string[] {
  const checked = check<unknown>(schema, value);
  return checked.ok ? [] : checked.problems.map(({ path }) => path);
}

const wrongEndpoint = (more: object): readonly string[] => wrong(endpointSchema, { url: URL_OK, ...more });

describe('endpointSchema', () => {
  it('needs nothing but an address', () => {
    expect(wrongEndpoint({})).toEqual([]);
  });

  it('refuses an address with a user name', () => {
    expect(wrongEndpoint({ url: 'https://me@hooks.example/' })).toEqual(['url']);
  });

  it('refuses an address with a password alone', () => {
    expect(wrongEndpoint({ url: 'https://:hush@hooks.example/' })).toEqual(['url']);
  });

  it('refuses what is no address of the web', () => {
    expect(wrongEndpoint({ url: 'ftp://hooks.example/' })).toEqual(['url']);
  });

  it('takes an address of 2,048 characters, and none that is longer', () => {
    const long = (length: number): string => URL_OK.padEnd(length, 'x');
    expect([wrongEndpoint({ url: long(2_048) }), wrongEndpoint({ url: long(2_049) })]).toEqual([[], ['url']]);
  });

  it('takes every stored event by its name, and "*" for all of them', () => {
    expect(wrongEndpoint({ events: ['task:complete', '*'] })).toEqual([]);
  });

  it('refuses an event that is never stored', () => {
    expect(wrongEndpoint({ events: ['task:complete', 'task:progress'] })).toEqual(['events[1]']);
  });

  it('refuses the name of an event that only every object inherits', () => {
    expect(wrongEndpoint({ events: ['toString'] })).toEqual(['events[0]']);
  });

  it('refuses an empty list of events, which would never send anything', () => {
    expect(wrongEndpoint({ events: [] })).toEqual(['events']);
  });

  it('refuses a project that cannot be', () => {
    expect(wrongEndpoint({ projects: ['a/b'] })).toEqual(['projects[0]']);
  });

  it('takes an id of 128 characters, and none of 129', () => {
    expect([wrongEndpoint({ id: 'x'.repeat(128) }), wrongEndpoint({ id: 'x'.repeat(129) })]).toEqual([[], ['id']]);
  });

  it('refuses an id with a slash', () => {
    expect(wrongEndpoint({ id: 'a/b' })).toEqual(['id']);
  });

  it('refuses an order that there is not', () => {
    expect(wrongEndpoint({ order: 'project' })).toEqual(['order']);
  });

  it('takes a description of 512 characters, and none of 513', () => {
    expect([wrongEndpoint({ description: 'x'.repeat(512) }), wrongEndpoint({ description: 'x'.repeat(513) })]).toEqual([[], ['description']]);
  });
});

describe('endpointSchema: secrets', () => {
  it('takes 24 to 64 bytes', () => {
    expect([24, 64].map((bytes) => wrongEndpoint({ secret: secretOf(bytes) }))).toEqual([[], []]);
  });

  it('refuses 23 bytes, which are too few, and 65', () => {
    expect([23, 65].map((bytes) => wrongEndpoint({ secret: secretOf(bytes) }))).toEqual([['secret'], ['secret']]);
  });

  it('refuses a secret without its prefix', () => {
    expect(wrongEndpoint({ secret: secretOf(32).slice('whsec_'.length) })).toEqual(['secret']);
  });

  it('refuses base64 that has lost its padding, as others would read other bytes', () => {
    expect(wrongEndpoint({ secret: secretOf(32).replace(/=+$/, '') })).toEqual(['secret']);
  });

  it('refuses the alphabet of base64url', () => {
    expect(wrongEndpoint({ secret: `whsec_${'-_'.repeat(20)}` })).toEqual(['secret']);
  });
});

describe('rotateSchema', () => {
  it('needs nothing', () => {
    expect(wrong(rotateSchema, {})).toEqual([]);
  });

  it('takes an overlap of none, and none below', () => {
    expect([wrong(rotateSchema, { overlapMs: 0 }), wrong(rotateSchema, { overlapMs: -1 })]).toEqual([[], ['overlapMs']]);
  });

  it('takes no word for a flag', () => {
    expect(wrong(rotateSchema, { force: 'yes' })).toEqual(['force']);
  });
});

describe('deadLetterListSchema', () => {
  it('takes pages of 1 to 1,000', () => {
    expect([0, 1, 1_000, 1_001].map((limit) => wrong(deadLetterListSchema, { limit }).length)).toEqual([1, 0, 0, 1]);
  });

  it('refuses the id of an endpoint that cannot be', () => {
    expect(wrong(deadLetterListSchema, { endpointId: '' })).toEqual(['endpointId']);
  });
});

describe('replaySchema', () => {
  it('takes one message by its number', () => {
    expect(wrong(replaySchema, { id: 1 })).toEqual([]);
  });

  it('takes those of an endpoint, all or since a time', () => {
    expect([wrong(replaySchema, { endpointId: 'a' }), wrong(replaySchema, { endpointId: 'a', since: 5 })]).toEqual([[], []]);
  });

  it('refuses a message and an endpoint at once', () => {
    expect(wrong(replaySchema, { id: 1, endpointId: 'a' })).not.toEqual([]);
  });

  it('refuses the number 0, which no message has', () => {
    expect(wrong(replaySchema, { id: 0 })).not.toEqual([]);
  });

  it('refuses to replay everything', () => {
    expect(wrong(replaySchema, {})).not.toEqual([]);
  });
});
