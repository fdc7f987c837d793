import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { seeded } from '../../bench/lib/bootstrap.ts';
import { Backoff } from '../../src/lib/task-system/realtime/client/Backoff.ts';
import { collect, fakeClient } from './clientHelpers.ts';
import { offsets, startEvent } from './helpers.ts';

describe('reconnection', () => {
  it('connects again after a loss, within the bounds of the backoff', () => {
    const { clock, socket, connections } = fakeClient();
    socket().fire('close', { code: 1006 });
    clock.advance(249);
    expect(connections()).toBe(1);
    clock.advance(1);
    expect(connections()).toBe(2);
    socket().fire('close', { code: 1006 });
    clock.advance(499);
    expect(connections()).toBe(2);
    clock.advance(1);
    expect(connections()).toBe(3);
  });

  it('counts its waits anew when the connection had been up for 5 seconds, but never comes at once: others lost theirs in the same moment', () => {
    const { clock, socket, connections } = fakeClient();
    socket().welcome();
    clock.advance(5_000);
    socket().fire('close', { code: 1006 });
    clock.advance(249);
    expect(connections()).toBe(1);
    clock.advance(1);
    expect(connections()).toBe(2);
  });

  it('comes back no earlier than the server asked for', () => {
    const { clock, socket, connections } = fakeClient();
    socket().welcome();
    clock.advance(5_000);
    socket().receive({ type: 'bye', code: 1001, retryAfterMs: 1_000 });
    socket().fire('close', { code: 1001 });
    clock.advance(1_499);
    expect(connections()).toBe(1);
    clock.advance(1);
    expect(connections()).toBe(2);
  });

  it('resumes every subscription from where it stands', () => {
    const { client, clock, socket } = fakeClient();
    client.subscribe('tasks');
    client.subscribe('task:x', { since: { epoch: '', offset: 0 } });
    client.subscribe('task:y');
    socket().welcome();
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 4, recovered: false });
    socket().receive({ type: 'ev', sub: '2', events: [startEvent(2, 'x')] });
    socket().receive({ type: 'ev', events: [startEvent(5, 'x')] });
    socket().fire('close', { code: 1006 });
    clock.advance(500);
    socket().welcome();
    expect(socket().sentOf('sub')).toEqual([
      { type: 'sub', id: '1', topics: ['tasks'], since: { epoch: 'epoch-1', offset: 5 } },
      { type: 'sub', id: '2', topics: ['task:x'], since: { epoch: 'epoch-1', offset: 2 } },
      { type: 'sub', id: '3', topics: ['task:y'] },
    ]);
  });

  it('does not register a subscription again that was closed meanwhile', () => {
    const { client, clock, socket } = fakeClient();
    const subscription = client.subscribe('tasks');
    socket().welcome();
    socket().fire('close', { code: 1006 });
    subscription.close();
    clock.advance(500);
    socket().welcome();
    expect(socket().sentOf('sub')).toEqual([]);
  });

  it('takes live events only after the subscription was acknowledged again', () => {
    const { client, clock, socket } = fakeClient();
    const { events } = collect(client.subscribe('tasks'));
    socket().welcome();
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 0, recovered: false });
    socket().fire('close', { code: 1006 });
    clock.advance(500);
    socket().welcome(9);
    socket().receive({ type: 'ev', events: [startEvent(9)] });
    socket().receive({ type: 'ev', sub: '1', events: [startEvent(8)] });
    expect(events).toEqual([]);
    expect(client.state).toBe('catching-up');
  });

  it('ignores what still comes from a connection that was given up', () => {
    const { client, clock, socket, connections } = fakeClient();
    const old = socket();
    old.fire('close', { code: 1006 });
    clock.advance(500);
    old.fire('close', { code: 1006 });
    old.welcome();
    expect([client.state, connections()]).toEqual(['connecting', 2]);
  });

  it.each([4400, 4401, 4403, 4404])('stops for good after close code %i and tells why', async (code) => {
    const { client, clock, socket, states, connections } = fakeClient();
    const { ended } = collect(client.subscribe('tasks'));
    socket().fire('close', { code });
    expect(await ended).toMatchObject({ code: 'CLIENT_CLOSED', details: { closeCode: code } });
    expect(states).toEqual([['closed', { closeCode: code }]]);
    clock.advance(100_000);
    expect(connections()).toBe(1);
    expect(() => client.subscribe('tasks')).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
  });

  it.each([1000, 1001, 1006, 1009, 1011, 4408, 4429, 4500])('comes back after close code %i', (code) => {
    const { clock, socket, connections } = fakeClient();
    socket().fire('close', { code });
    clock.advance(500);
    expect(connections()).toBe(2);
  });

  it('gives a connection up that is not greeted within 10 seconds', () => {
    const { client, clock, socket } = fakeClient();
    const first = socket();
    first.fire('open');
    clock.advance(10_000);
    expect([first.isClosed, client.state]).toEqual([true, 'connecting']);
  });

  it.each(['not JSON', '42', '{}', 'null'])('gives a connection up that sends %s', (data) => {
    const { socket, clock, connections } = fakeClient();
    socket().welcome();
    const first = socket();
    first.fire('message', { data });
    expect(first.isClosed).toBe(true);
    clock.advance(500);
    expect(connections()).toBe(2);
  });

  it('gives a connection up that sends bytes', () => {
    const { socket } = fakeClient();
    socket().fire('message', { data: new ArrayBuffer(3) });
    expect(socket().isClosed).toBe(true);
  });
});

describe('silence', () => {
  it('pings as often as the server said', () => {
    const { clock, socket } = fakeClient();
    socket().welcome();
    clock.advance(24_999);
    expect(socket().sentOf('ping')).toHaveLength(0);
    clock.advance(1);
    expect(socket().sentOf('ping')).toHaveLength(1);
  });

  it('gives a connection up when nothing comes within 10 seconds after a ping', () => {
    const { client, clock, socket } = fakeClient();
    socket().welcome();
    const first = socket();
    clock.advance(34_999);
    expect(first.isClosed).toBe(false);
    clock.advance(1);
    expect([first.isClosed, client.state]).toEqual([true, 'connecting']);
  });

  it('takes anything for a sign of life', () => {
    const { clock, socket } = fakeClient();
    socket().welcome();
    for (let beat = 0; beat < 4; beat += 1) {
      clock.advance(beat === 0 ? 25_000 : 15_000);
      socket().receive({ type: 'ev', events: [startEvent(1)] });
      clock.advance(10_000);
    }
    expect(socket().isClosed).toBe(false);
    expect(socket().sentOf('ping')).toHaveLength(4);
  });

  it('is not fooled by a timer that fires late', () => {
    const { clock, socket } = fakeClient();
    socket().welcome();
    clock.advance(25_000);
    socket().receive({ type: 'pong' });
    clock.advance(600_000 - 25_000 - 565_000);
    expect(socket().isClosed).toBe(false);
  });
});

describe('FeedClient state', () => {
  it('goes from connecting over catching-up to live', () => {
    const { client, socket, states } = fakeClient();
    expect(client.state).toBe('connecting');
    client.subscribe('tasks');
    socket().welcome();
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 0, recovered: false });
    expect(states).toEqual([['catching-up', {}], ['live', {}]]);
  });

  it('is live at once without subscriptions', () => {
    const { socket, states } = fakeClient();
    socket().welcome();
    expect(states).toEqual([['live', {}]]);
  });

  it('tells the close code when the connection is lost', () => {
    const { socket, states } = fakeClient();
    socket().welcome();
    socket().fire('close', { code: 1001 });
    expect(states.at(-1)).toEqual(['connecting', { closeCode: 1001 }]);
  });

  it('tells of a reset, its reason and its topics, and goes on from there', () => {
    const { client, socket, states } = fakeClient();
    const subscription = client.subscribe('tasks', { since: { epoch: 'old', offset: 70 } });
    const { events } = collect(subscription);
    socket().welcome();
    socket().receive({ type: 'reset', id: '1', reason: 'epoch' });
    expect(client.state).toBe('reset');
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 3, recovered: false });
    expect(subscription.position).toEqual({ epoch: 'epoch-1', offset: 3 });
    socket().receive({ type: 'ev', events: [startEvent(3), startEvent(4)] });
    expect(states.slice(1)).toEqual([['reset', { topics: ['tasks'], reason: 'epoch' }], ['live', {}]]);
    return Promise.resolve().then(() => { expect(offsets(events)).toEqual([4]); });
  });

  it('calls no listener that was removed', () => {
    const { client, socket } = fakeClient();
    const seen: string[] = [];
    const remove = client.on('state', (state) => seen.push(state));
    remove();
    socket().welcome();
    expect(seen).toEqual([]);
  });
});

describe('Backoff', () => {
  it('has a bound that doubles from 0.5 to 5 seconds, and to 20 when an outage is no restart any more', () => {
    const almostOne = new Backoff(() => 1);
    const bounds = Array.from({ length: 18 }, () => almostOne.next(false, 0));
    expect(bounds).toEqual([500, 1_000, 2_000, 4_000, ...Array.from({ length: 10 }, () => 5_000), 10_000, 20_000, 20_000, 20_000]);
  });

  it('stays within full jitter of that bound', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 40 }), (draws) => {
      let draw = 0;
      const backoff = new Backoff(() => draws[draw] ?? 0);
      const bound = new Backoff(() => 1);
      draws.forEach((value, failures) => {
        draw = failures;
        expect(backoff.next(false, 0)).toBeCloseTo(value * bound.next(false, 0), 6);
      });
    }));
  });

  it('brings clients back within 5 seconds of the end of an outage of up to 10, and spread out', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1_000, max: 10_000 }), (seed, outageMs) => {
      const random = seeded(seed);
      const lateMs = Array.from({ length: 500 }, () => {
        const backoff = new Backoff(random);
        let time = backoff.next(true, 0);
        while (time < outageMs) time += backoff.next(false, 0);
        return time - outageMs;
      }).sort((left, right) => left - right);
      // Who drew short waits again and again has been trying for half a minute, as far as it knows.
      expect(lateMs.filter((late) => late <= 5_000).length).toBeGreaterThan(490);
      const busiest = Math.max(...lateMs.map((start, index) => lateMs.findLastIndex((time) => time < start + 100) - index + 1));
      expect(busiest).toBeLessThan(125);
    }), { numRuns: 50 });
  });

  it('starts over after a healthy connection', () => {
    const backoff = new Backoff(() => 0.5);
    for (let failure = 0; failure < 5; failure += 1) backoff.next(false, 0);
    expect(backoff.next(true, 0)).toBe(250);
    expect(backoff.next(false, 0)).toBe(500);
  });
});
