import { describe, expect, it } from 'vitest';
import { parseDeadLetterList, parseEndpoint, parseReplay, rotated, shownEndpoint, writeCursor, type EndpointRules } from '../../../src/lib/task-system/hooks/webhooks/requests.ts';
import { TERMINAL_EVENTS } from '../../../src/lib/task-system/types/Events.ts';
import type { EndpointSettings } from '../../../src/lib/task-system/types/WebhookOutbox.ts';
import { thrownBy } from '../../support/thrown.ts';

const NOW = 1_000_000;
const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const rules = (more: Partial<EndpointRules> = {}): EndpointRules => ({ allowHttp: false, secrets: new Map(), find: () => undefined, createId: () => 'new-id', now: NOW, ...more });
const settings = (more: Partial<EndpointSettings> = {}): EndpointSettings => ({ id: 'e', url: 'https://a.example/', events: ['*'], order: 'none', createdAt: 1, secrets: [{ secret: secretOf(1) }], ...more });

describe('parseEndpoint', () => {
  it('gives an id, the time and the final events where nothing is said', () => {
    expect(parseEndpoint({ url: 'https://a.example/' }, rules())).toMatchObject({ id: 'new-id', createdAt: NOW, events: [...TERMINAL_EVENTS], order: 'none' });
  });

  it('makes no id where one is given', () => {
    expect(parseEndpoint({ url: 'https://a.example/', id: 'mine' }, rules({ createId: () => { throw new Error('asked'); } })).id).toBe('mine');
  });

  it('keeps the age of an endpoint that is there already', () => {
    expect(parseEndpoint({ url: 'https://a.example/', id: 'e' }, rules({ find: () => settings() })).createdAt).toBe(1);
  });

  it('takes a new secret at once, with no overlap', () => {
    expect(parseEndpoint({ url: 'https://a.example/', id: 'e', secret: secretOf(2) }, rules({ find: () => settings() })).secrets).toEqual([{ secret: secretOf(2) }]);
  });

  it('drops projects and description that are not said again', () => {
    const again = parseEndpoint({ url: 'https://a.example/', id: 'e' }, rules({ find: () => settings({ projects: ['p'], description: 'd' }) }));
    expect([again.projects, again.description]).toEqual([undefined, undefined]);
  });

  it('names all problems with a name and a secret at once', () => {
    const error = thrownBy(() => parseEndpoint({ url: 'http://a.example/', secret: secretOf(2), secretName: 'x' }, rules()));
    expect(error.details['problems']).toMatchObject([{ path: 'url' }, { path: 'secretName' }, { path: 'secretName' }]);
  });

  it('does not change when the caller changes its lists afterwards', () => {
    const projects = ['p'];
    const parsed = parseEndpoint({ url: 'https://a.example/', projects }, rules());
    projects.push('q');
    expect(parsed.projects).toEqual(['p']);
  });
});

describe('rotated', () => {
  it('keeps the old secret for a day', () => {
    expect(rotated(settings(), { secret: secretOf(2) }, NOW).secrets).toEqual([{ secret: secretOf(2) }, { secret: secretOf(1), until: NOW + 86_400_000 }]);
  });

  it('keeps it as long as asked for', () => {
    expect(rotated(settings(), { secret: secretOf(2), overlapMs: 5 }, NOW).secrets[1]?.until).toBe(NOW + 5);
  });

  it('makes a secret where none is given', () => {
    const [first] = rotated(settings(), undefined, NOW).secrets;
    expect(first?.secret).toMatch(/^whsec_.{44}$/);
  });

  it('forgets a secret whose time is just over', () => {
    const before = settings({ secrets: [{ secret: secretOf(1) }, { secret: secretOf(9), until: NOW }] });
    expect(rotated(before, { secret: secretOf(2) }, NOW).secrets.map(({ secret }) => secret)).toEqual([secretOf(2), secretOf(1)]);
  });

  it('is refused while one still counts, and says until when', () => {
    const before = settings({ secrets: [{ secret: secretOf(1) }, { secret: secretOf(9), until: NOW + 1 }] });
    const error = thrownBy(() => rotated(before, {}, NOW));
    expect([error.code, error.details]).toEqual(['WEBHOOK_ROTATING', { endpointId: 'e', until: NOW + 1 }]);
  });

  it('says which option to change where the secret is not stored', () => {
    expect(thrownBy(() => rotated(settings({ secretName: 'billing', secrets: [] }), {}, NOW)).details['problems']).toMatchObject([{ path: 'webhooks.secrets.billing' }]);
  });

  it('leaves the settings that it was given', () => {
    const before = settings();
    rotated(before, {}, NOW);
    expect(before.secrets).toEqual([{ secret: secretOf(1) }]);
  });
});

describe('parseDeadLetterList', () => {
  it('asks for fifty from the beginning where nothing is said', () => {
    expect(parseDeadLetterList(undefined)).toEqual({ limit: 50 });
  });

  it('reads the cursor that was given out', () => {
    expect(parseDeadLetterList({ cursor: writeCursor({ diedAt: 12, id: 34 }) })).toEqual({ limit: 50, after: { diedAt: 12, id: 34 } });
  });

  it('refuses a cursor with something behind it', () => {
    expect(thrownBy(() => parseDeadLetterList({ cursor: `${writeCursor({ diedAt: 1, id: 2 })}=` })).code).toBe('CURSOR_INVALID');
  });

  it('shows no more than a hundred characters of a cursor that it refuses', () => {
    expect(thrownBy(() => parseDeadLetterList({ cursor: 'x'.repeat(5_000) })).message).not.toContain('x'.repeat(101));
  });
});

describe('parseReplay', () => {
  it('gives back what to send again', () => {
    expect(parseReplay({ endpointId: 'e', since: 0 })).toEqual({ endpointId: 'e', since: 0 });
  });
});

describe('shownEndpoint', () => {
  it('shows settings and health, and no secret', () => {
    const shown = shownEndpoint({ settings: settings({ secretName: 'billing' }), health: { state: 'active', failures: 2 } });
    expect(shown).toEqual({ id: 'e', url: 'https://a.example/', events: ['*'], order: 'none', createdAt: 1, secretName: 'billing', state: 'active', failures: 2 });
  });
});
