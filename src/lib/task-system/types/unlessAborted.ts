/**
 * Waits for something as long as a signal allows: not everything heeds the signal it was given.
 * @param onAbort is called when the signal is aborted first, at once for one that is already; returns what is thrown then. Default: the
 * reason of the signal. @throws what `work` throws, or that. What `work` comes to later is nobody's business: its rejection is handled.
 */
export async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal, onAbort: (reason: unknown) => unknown = itself): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => { reject(onAbort(signal.reason)); };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
    promise.catch(() => undefined);
  }
}

function itself(reason: unknown): unknown {
  return reason;
}
