import { describe, expect, it } from 'vitest';
import { EndpointBook } from '../../../src/lib/task-system/hooks/webhooks/EndpointBook.ts';
import { WebhookListeners } from '../../../src/lib/task-system/hooks/webhooks/WebhookListeners.ts';
import { isWanted, type EndpointSettings, type StoredEndpoint, type WebhookOutbox } from '../../../src/lib/task-system/types/WebhookOutbox.ts';
import { thrownBy } from '../../support/thrown.ts';
import { RecordingLogger, settle } from '../../realtime/helpers.ts';

const settingsOf = (id: string, url = 'https://a.example/'): EndpointSettings => ({ id, url, events: ['*'], order: 'none', createdAt: 1, secrets: [] });
const stored = (id: string, failures = 0): StoredEndpoint => ({ settings: settingsOf(id), health: { state: 'active', failures } });

/** A book over a store that holds what it is given, and writes down what it is asked. */
function bookOver(endpoints: readonly StoredEndpoint[] = []): { readonly book: EndpointBook; readonly calls: unknown[] } {
  const calls: unknown[] = [];
  const never = (): never => { throw new Error('not asked for here'); };
  const outbox: WebhookOutbox = {
    endpoints: () => Promise.resolve(endpoints),
    putEndpoint: (endpoint) => { calls.push(['put', endpoint.settings.id]); return Promise.resolve(); },
    removeEndpoint: (id) => { calls.push(['remove', id]); return Promise.resolve(endpoints.some(({ settings }) => settings.id === id)); },
    setHealth: (...args) => { calls.push(['health', ...args]); return Promise.resolve(3); },
    claim: never, report: never, due: never, deadLetters: never, deadLetter: never, replay: never,
  };
  return { book: new EndpointBook(outbox), calls };
}

describe('EndpointBook', () => {
  it('knows what is stored once it was opened', async () => {
    const { book } = bookOver([stored('a'), stored('b')]);
    const before = book.get('a');
    await book.open();
    expect([before, [...book.all()].map(({ settings }) => settings.id)]).toEqual([undefined, ['a', 'b']]);
  });

  it('says by its code that an endpoint is unknown', () => {
    expect(thrownBy(() => bookOver().book.demand('x'))).toMatchObject({ code: 'WEBHOOK_NOT_FOUND', details: { endpointId: 'x' } });
  });

  it('keeps how an endpoint does when its settings are replaced', async () => {
    const { book } = bookOver([stored('a', 4)]);
    await book.open();
    const put = await book.put(settingsOf('a', 'https://b.example/'));
    expect([put.settings.url, put.health.failures]).toEqual(['https://b.example/', 4]);
  });

  it('begins with an endpoint that is fine', async () => {
    expect((await bookOver().book.put(settingsOf('a'))).health).toEqual({ state: 'active', failures: 0 });
  });

  it('forgets an endpoint that was removed, and says whether there was one', async () => {
    const { book } = bookOver([stored('a')]);
    await book.open();
    expect([await book.remove('a'), book.get('a'), await book.remove('x')]).toEqual([true, undefined, false]);
  });

  it('notes nothing of an endpoint that is gone by now', () => {
    const { book } = bookOver();
    book.note('a', { state: 'active', failures: 1 });
    expect(book.get('a')).toBeUndefined();
  });

  it('gives up what waits for an endpoint that is disabled', async () => {
    const { book, calls } = bookOver([stored('a')]);
    await book.open();
    const health = { state: 'disabled', failures: 9 } as const;
    expect(await book.setHealth('a', health, 77)).toBe(3);
    expect([calls, book.get('a')?.health]).toEqual([[['health', 'a', health, { time: 77 }]], health]);
  });

  it('gives up nothing of one that is enabled again', async () => {
    const { book, calls } = bookOver([stored('a')]);
    await book.setHealth('a', { state: 'active', failures: 0 }, 77);
    expect(calls).toEqual([['health', 'a', { state: 'active', failures: 0 }]]);
  });
});

describe('WebhookListeners', () => {
  const event = { endpointId: 'a', reason: 'gone', time: 1, deadLetters: 0 } as const;

  it('tells nobody of another type', async () => {
    const told: string[] = [];
    const listeners = new WebhookListeners(new RecordingLogger());
    listeners.on('webhook:failed', () => told.push('failed'));
    listeners.emit('webhook:disabled', event);
    await settle();
    expect(told).toEqual([]);
  });

  it('tells the same function twice that was added twice, and removes one of the two', async () => {
    const told: string[] = [];
    const listeners = new WebhookListeners(new RecordingLogger());
    const listener = (): void => { told.push('x'); };
    const remove = listeners.on('webhook:disabled', listener);
    listeners.on('webhook:disabled', listener);
    listeners.emit('webhook:disabled', event);
    remove();
    listeners.emit('webhook:disabled', event);
    await settle();
    expect(told).toHaveLength(3);
  });

  it('logs what a listener throws, with the name of the event', async () => {
    const logger = new RecordingLogger();
    const listeners = new WebhookListeners(logger);
    listeners.on('webhook:disabled', () => { throw new RangeError('oops'); });
    listeners.emit('webhook:disabled', event);
    await settle();
    expect(JSON.stringify(logger.lines)).toMatch(/webhook:disabled.*oops/);
  });
});

describe('isWanted', () => {
  const wants = (settings: Partial<EndpointSettings>, project = 'acme', type = 'task:complete'): boolean => isWanted({ settings: { ...settingsOf('a'), ...settings }, health: { state: 'active', failures: 0 } }, { type, project });

  it('takes every event by "*"', () => {
    expect(wants({ events: ['*'] })).toBe(true);
  });

  it('takes the events that are named, and no others', () => {
    expect([wants({ events: ['task:error', 'task:complete'] }), wants({ events: ['task:error'] })]).toEqual([true, false]);
  });

  it('takes all projects where none is named', () => {
    expect(wants({})).toBe(true);
  });

  it('takes the projects that are named, and no others', () => {
    expect([wants({ projects: ['acme'] }), wants({ projects: ['bolt'] }), wants({ projects: [] })]).toEqual([true, false, false]);
  });

  it('takes nothing for an endpoint that is disabled', () => {
    expect(isWanted({ settings: settingsOf('a'), health: { state: 'disabled', failures: 0 } }, { type: 'task:complete', project: 'acme' })).toBe(false);
  });
});
