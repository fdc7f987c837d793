import type { WebhookDisabledReason, WebhookHealth } from '../../types/Webhooks.ts';
import type { SendOutcome } from './send.ts';

/** How long after each failed attempt the next one follows, in milliseconds, before the jitter. After the last one it is a dead letter. */
export const RETRY_DELAYS_MS: readonly number[] = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000];

const JITTER = 0.2;
const MAX_RETRY_AFTER_MS = 86_400_000;
/** So long every attempt has to fail before an endpoint is disabled. */
const DISABLE_AFTER_MS = 5 * 86_400_000;
/** After so many failures in a row an endpoint is only tried now and then, however much waits for it. */
const MANY_FAILURES = 10;
const FIRST_HOLD_MS = 5_000;
const MAX_HOLD_MS = 300_000;
const GONE = 410;
/** Answers whose `Retry-After` speaks of the endpoint, and not of the one message. */
const BUSY = [429, 503];

/** What an attempt was, and when. */
export interface Judged {
  /** Attempts that were made before. */
  readonly attempts: number;
  readonly sent: SendOutcome;
  readonly health: WebhookHealth;
  readonly now: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** What follows from an attempt. */
export interface Verdict {
  readonly outcome: 'delivered' | 'retry' | 'dead';
  /** Of `retry`: when. */
  readonly dueAt?: number;
  readonly health: WebhookHealth;
  /** Why the endpoint is to be disabled, if it is. */
  readonly disable?: WebhookDisabledReason;
}

/** What becomes of a message and its endpoint after an attempt. */
export function judge(judged: Judged): Verdict {
  const { sent, health } = judged;
  if (sent.attempt.ok) return { outcome: 'delivered', health: recovered(health) };
  // Somebody disabled it meanwhile, and what waited was given up.
  if (health.state === 'disabled') return { outcome: 'dead', health };
  const worse = failed(judged);
  const disable = sent.attempt.status === GONE ? 'gone' : isHopeless(worse, judged.now) ? 'failing' : undefined;
  const delay = RETRY_DELAYS_MS[judged.attempts];
  if (disable !== undefined) return { outcome: 'dead', health: worse, disable };
  if (delay === undefined) return { outcome: 'dead', health: worse };
  return { outcome: 'retry', dueAt: judged.now + Math.max(jittered(delay, judged.random), pauseOf(sent)), health: worse };
}

function recovered(health: WebhookHealth): WebhookHealth {
  return health.state === 'disabled' || health.failures === 0 ? health : { state: 'active', failures: 0 };
}

function failed({ sent, health, now, random }: Judged): WebhookHealth {
  const failures = health.failures + 1;
  const pause = Math.max(pauseOf(sent), holdOf(failures, random));
  const heldUntil = Math.max(pause === 0 ? 0 : now + pause, health.heldUntil ?? 0);
  return { state: 'active', failures, failingSince: health.failingSince ?? now, ...(heldUntil > now ? { heldUntil } : {}) };
}

function isHopeless({ failingSince }: WebhookHealth, now: number): boolean {
  return failingSince !== undefined && now - failingSince >= DISABLE_AFTER_MS;
}

/** What the endpoint asked for, within bounds; 0 when it asked for nothing. */
function pauseOf({ attempt, retryAfterMs = 0 }: SendOutcome): number {
  return BUSY.includes(attempt.status ?? 0) ? Math.min(Math.max(retryAfterMs, 0), MAX_RETRY_AFTER_MS) : 0;
}

function holdOf(failures: number, random: () => number): number {
  return failures < MANY_FAILURES ? 0 : jittered(Math.min(FIRST_HOLD_MS * 2 ** (failures - MANY_FAILURES), MAX_HOLD_MS), random);
}

function jittered(delayMs: number, random: () => number): number {
  return Math.round(delayMs * (1 + (2 * random() - 1) * JITTER));
}
