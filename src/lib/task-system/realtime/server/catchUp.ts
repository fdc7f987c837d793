import type { TaskEvent } from '../../types/Events.ts';
import { type ResetReason, topicsOf, type WirePosition } from '../../types/Wire.ts';
import { type EncodedEvent, encodeEvent, eventFrame } from './Batch.ts';
import type { FeedHub } from './FeedHub.ts';
import { piecesOf } from './piecesOf.ts';

/** What {@link catchUp} needs. */
export interface CatchUpOptions {
  readonly hub: FeedHub;
  readonly id: string;
  readonly topics: ReadonlySet<string>;
  readonly since: WirePosition;
  /** Offset of the newest event that the subscription knows by its snapshot: from there on it must be live, for all that was emitted. */
  readonly knownOffset?: number;
  /** Aborted when the subscription or the connection has ended. */
  readonly signal: AbortSignal;
  /** Sends text and waits until it has left, so that the log is read no faster than the client reads. */
  sendPaced(text: string): Promise<void>;
  /** Sends text at once. */
  sendNow(text: string): void;
  /** Live events were lost. */
  onLoss(): void;
}

/** How a catch-up ended. After anything but `recovered` the subscription starts afresh at the live end. */
export type CatchUpOutcome = 'recovered' | ResetReason;

const PAGE = 256;

/**
 * Sends the events after a position, and calls `goLive` in the same turn in which the last one was sent: what the hub spreads after
 * that was not sent here, and everything before it was. So the live feed joins without a gap and without a double.
 */
export async function catchUp(options: CatchUpOptions, goLive: (outcome: CatchUpOutcome) => void): Promise<void> {
  const { hub, since, topics } = options;
  const wanted = (event: TaskEvent): boolean => topicsOf(event).some((topic) => topics.has(topic));
  const isAborted = (): boolean => options.signal.aborted;
  let live: EncodedEvent[] = [];
  // Registered before the log is read: an event is either in the log by then or comes this way.
  const unfollow = hub.follow({ take: (encoded) => { live.push(encoded); }, lose: () => { options.onLoss(); } });
  try {
    if (options.knownOffset !== undefined) await hub.reach(options.knownOffset);
    if (isAborted()) return;
    const refusal = refusalOf(since, hub);
    if (refusal !== undefined) {
      goLive(refusal);
      return;
    }
    for (let position = since.offset; ;) {
      // Everything up to now was stored before it was spread, so the log has it; only what comes during the reading must be kept.
      live = [];
      const step = await readStep(hub, position, taskOf(topics));
      if (isAborted()) return;
      if (step === undefined) {
        goLive('pruned');
        return;
      }
      const frames = framesOf(step.events.filter(wanted).map(encodeEvent), options.id);
      if (step.isAtEnd && frames.length <= 1) {
        for (const frame of [...frames, ...framesOf(live.filter(({ event }) => wanted(event)), options.id)]) options.sendNow(frame);
        goLive('recovered');
        return;
      }
      for (const frame of frames) await options.sendPaced(frame);
      if (isAborted()) return;
      ({ position } = step);
    }
  } finally {
    unfollow();
  }
}

interface Step {
  readonly events: readonly TaskEvent[];
  readonly position: number;
  /** Whether the log was read up to what had been spread when the step began. */
  readonly isAtEnd: boolean;
}

/** Reads one page. Undefined when it was pruned. The log may be ahead of what was spread: that part comes live and is left out here. */
async function readStep(hub: FeedHub, position: number, taskId: string | undefined): Promise<Step | undefined> {
  const target = hub.position;
  if (position >= target) return { events: [], position, isAtEnd: true };
  const page = await hub.readSince(position, PAGE, taskId);
  if (page === undefined) return undefined;
  const last = page.at(-1)?.offset ?? target;
  const isAtEnd = page.length < PAGE || last >= target;
  return { events: page.filter(({ offset }) => offset <= target), position: isAtEnd ? target : last, isAtEnd };
}

/** The task, when the topics are one task: its part of the log is read by itself, and may be whole where the rest was pruned. */
function taskOf(topics: ReadonlySet<string>): string | undefined {
  const [topic, ...others] = topics;
  return others.length === 0 && topic?.startsWith('task:') === true ? topic.slice('task:'.length) : undefined;
}

function refusalOf(since: WirePosition, hub: FeedHub): ResetReason | undefined {
  if (since.epoch !== '' && since.epoch !== hub.epoch) return 'epoch';
  return since.offset > hub.newestOffset ? 'ahead' : undefined;
}

function framesOf(events: readonly EncodedEvent[], sub: string): readonly string[] {
  return piecesOf(events, ({ json }) => json.length).map((piece) => eventFrame(piece, sub));
}
