import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { serializeError, TaskSystemError } from '../../types/Errors.ts';
import { isEngineSettings, openEngine, type Engine } from './Engine.ts';
import type { StoreOp, ThreadAnswer, ThreadRequest } from './wire.ts';

/**
 * How many operations may share a transaction. Batches that arrived while the disk was busy are taken together: a page that several
 * of them touch is written once, and the slower the disk, the more it saves. Bounded, so that the answers do not come all at once.
 */
const MAX_MERGED = 2_500;

/** Opens an engine and serves it on a port until it is asked to close. Failing to open is an answer, not a crash. */
export async function serveStore(port: MessagePort, settings: unknown): Promise<void> {
  const answer = (message: ThreadAnswer): void => { port.postMessage(message); };
  try {
    if (!isEngineSettings(settings)) throw new TaskSystemError('STORE_FAILED', 'The thread was started without settings');
    const engine = await openEngine(settings);
    answer({ type: 'opened', epoch: engine.epoch, openingOffset: engine.openingOffset });
    port.on('message', (first: ThreadRequest) => { serveWaiting(port, engine, first, answer); });
  } catch (error) {
    answer({ type: 'failed', error: serializeError(error) });
  }
}

function serveWaiting(port: MessagePort, engine: Engine, first: ThreadRequest, answer: (message: ThreadAnswer) => void): void {
  const batches: (readonly StoreOp[])[] = [];
  let request: ThreadRequest | undefined = first;
  for (let size = 0; request !== undefined && request !== 'close'; request = size < MAX_MERGED ? nextRequest(port) : undefined) {
    batches.push(request);
    size += request.length;
  }
  if (batches.length > 0) answer({ type: 'replies', batches: runTogether(engine, batches) });
  if (request === 'close') closeEngine(port, engine, answer);
}

function nextRequest(port: MessagePort): ThreadRequest | undefined {
  const next: { readonly message: ThreadRequest } | undefined = receiveMessageOnPort(port);
  return next?.message;
}

function runTogether(engine: Engine, batches: readonly (readonly StoreOp[])[]): ThreadReplies {
  const replies = engine.run(batches.flat());
  let start = 0;
  return batches.map((batch) => replies.slice(start, (start += batch.length)));
}

type ThreadReplies = Extract<ThreadAnswer, { type: 'replies' }>['batches'];

function closeEngine(port: MessagePort, engine: Engine, answer: (message: ThreadAnswer) => void): void {
  try {
    engine.close();
    answer({ type: 'closed' });
  } catch (error) {
    answer({ type: 'failed', error: serializeError(error) });
  }
  port.close();
}
