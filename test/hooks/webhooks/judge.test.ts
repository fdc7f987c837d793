import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, RETRY_DELAYS_MS, type Judged, type Verdict } from '../../../src/lib/task-system/hooks/webhooks/judge.ts';
import type { WebhookHealth } from '../../../src/lib/task-system/types/Webhooks.ts';

const FINE: WebhookHealth = { state: 'active', failures: 0 };
const DAY = 86_400_000;

function answered(status: number | undefined, rest: Partial<Judged> & { readonly retryAfterMs?: number } = {}): Verdict {
  const { retryAfterMs, ...judged } = rest;
  const ok = status !== undefined && status >= 200 && status < 300;
  const attempt = { ok, durationMs: 1, ...(status === undefined ? {} : { status }) };
  return judge({ attempts: 0, sent: { attempt, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }, health: FINE, now: 1_000, random: () => 0.5, ...judged });
}

describe('judge', () => {
  it('says delivered of a 2xx, and leaves an endpoint that is fine as it is', () => {
    expect(answered(204)).toEqual({ outcome: 'delivered', health: FINE });
    expect(answered(200).health).toBe(FINE);
  });

  it('waits 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, and gives up after the eighth attempt', () => {
    const waits = RETRY_DELAYS_MS.map((_, attempts) => answered(500, { attempts }).dueAt);
    expect(waits).toEqual([5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000].map((delay) => 1_000 + delay));
    expect(answered(500, { attempts: 7 })).toMatchObject({ outcome: 'dead' });
  });

  it('spreads every wait by a fifth in both directions, never more', () => {
    fc.assert(fc.property(fc.nat(6), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempts, random) => {
      const delay = (answered(500, { attempts, random: () => random }).dueAt ?? 0) - 1_000;
      const base = RETRY_DELAYS_MS[attempts] ?? 0;
      expect(delay).toBeGreaterThanOrEqual(base * 0.8);
      expect(delay).toBeLessThanOrEqual(base * 1.2);
    }));
    expect([answered(500, { random: () => 0 }).dueAt, answered(500, { random: () => 0.999_999 }).dueAt]).toEqual([5_000, 7_000]);
  });

  it.each([301, 302, 307, 400, 401, 404, 429, 500, 503, 101, undefined])('takes %s for a failure to be tried again', (status) => {
    expect(answered(status)).toMatchObject({ outcome: 'retry', health: { state: 'active', failures: 1, failingSince: 1_000 } });
  });

  it('disables on 410, whatever else the answer says', () => {
    expect(answered(410, { retryAfterMs: 5 })).toMatchObject({ outcome: 'dead', disable: 'gone' });
  });

  it.each([[429, 60_000], [503, 60_000]])('honours Retry-After of %s for the message and for the endpoint', (status, retryAfterMs) => {
    expect(answered(status, { retryAfterMs })).toMatchObject({ outcome: 'retry', dueAt: 61_000, health: { heldUntil: 61_000 } });
  });

  it('takes Retry-After for at least the usual wait, at most a day, and only from 429 and 503', () => {
    expect(answered(429, { retryAfterMs: 1 }).dueAt).toBe(6_000);
    expect(answered(429, { retryAfterMs: 1e15 })).toMatchObject({ dueAt: 1_000 + DAY, health: { heldUntil: 1_000 + DAY } });
    expect(answered(500, { retryAfterMs: 60_000 })).toEqual({ outcome: 'retry', dueAt: 6_000, health: { state: 'active', failures: 1, failingSince: 1_000 } });
    expect(answered(429, { retryAfterMs: -5 }).dueAt).toBe(6_000);
  });

  it('disables an endpoint when every attempt of five days failed, and not a moment earlier', () => {
    const health: WebhookHealth = { state: 'active', failures: 40, failingSince: 1_000 };
    expect(answered(500, { health, now: 1_000 + 5 * DAY - 1 }).disable).toBeUndefined();
    expect(answered(500, { health, now: 1_000 + 5 * DAY })).toMatchObject({ outcome: 'dead', disable: 'failing' });
  });

  it('forgets all failures at the first success', () => {
    const health: WebhookHealth = { state: 'active', failures: 40, failingSince: 0, heldUntil: 9 };
    expect(answered(200, { health, now: 10 * DAY })).toEqual({ outcome: 'delivered', health: FINE });
  });

  it('tries an endpoint that failed ten times in a row only now and then, at most five minutes apart', () => {
    const holds = [8, 9, 10, 15, 30].map((failures) => {
      const { heldUntil } = answered(500, { health: { state: 'active', failures, failingSince: 0 } }).health;
      return heldUntil === undefined ? 0 : heldUntil - 1_000;
    });
    expect(holds).toEqual([0, 5_000, 10_000, 300_000, 300_000]);
  });

  it('never ends a pause early that the endpoint asked for', () => {
    const health: WebhookHealth = { state: 'active', failures: 1, failingSince: 0, heldUntil: 50_000 };
    expect(answered(500, { health }).health.heldUntil).toBe(50_000);
    expect(answered(500, { health, now: 60_000 }).health.heldUntil).toBeUndefined();
  });

  it('gives up what fails after its endpoint was disabled, and keeps why it was', () => {
    const health: WebhookHealth = { state: 'disabled', disabledReason: 'manual', disabledAt: 5, failures: 0 };
    expect(answered(500, { health })).toEqual({ outcome: 'dead', health });
    expect(answered(200, { health })).toEqual({ outcome: 'delivered', health });
  });
});
