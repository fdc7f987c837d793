import { describe, expect, it, vi } from 'vitest';
import { unlessAborted } from '../../src/lib/task-system/types/unlessAborted.ts';

const NEVER = new Promise<never>(() => undefined);

describe('unlessAborted', () => {
  it('gives what the work gives', async () => {
    await expect(unlessAborted(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
  });

  it('throws what the work throws', async () => {
    await expect(unlessAborted(Promise.reject(new Error('no')), new AbortController().signal)).rejects.toThrow('no');
  });

  it('throws the reason of the signal as soon as it is aborted', async () => {
    const stop = new AbortController();
    const waiting = unlessAborted(NEVER, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('does not wait when the signal is aborted already', async () => {
    await expect(unlessAborted(NEVER, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  it('throws what onAbort makes of the reason, and calls it once', async () => {
    const onAbort = vi.fn((reason: unknown) => new Error(`stopped: ${String(reason)}`));
    const stop = new AbortController();
    const waiting = unlessAborted(NEVER, stop.signal, onAbort);
    stop.abort('late');
    stop.abort('again');
    await expect(waiting).rejects.toThrow('stopped: late');
    expect(onAbort).toHaveBeenCalledTimes(1);
  });

  it('leaves nothing on the signal, and does not hear of it any more', async () => {
    const onAbort = vi.fn();
    const stop = new AbortController();
    await unlessAborted(Promise.resolve(), stop.signal, onAbort);
    stop.abort();
    expect(onAbort).not.toHaveBeenCalled();
  });

  it('handles a rejection that comes after the abort', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const late = Promise.withResolvers<never>();
    await expect(unlessAborted(late.promise, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    late.reject(new Error('late'));
    await new Promise((resolve) => { setImmediate(resolve); });
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
