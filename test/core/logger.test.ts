import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultLogger } from '../../src/lib/task-system/core/logger.ts';

function warnings(): unknown[][] {
  const calls: unknown[][] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => { calls.push(args); });
  return calls;
}

afterEach(() => { vi.restoreAllMocks(); });

describe('defaultLogger', () => {
  it('makes warnings of the process out of warnings', () => {
    const calls = warnings();
    defaultLogger.warn('the disk is nearly full', { free: 1 });
    expect(calls).toEqual([['the disk is nearly full', 'TaskSystemWarning']]);
  });

  it('says with an error what went wrong', () => {
    const calls = warnings();
    defaultLogger.error('could not store', { error: { name: 'Error', message: 'disk full' } });
    defaultLogger.error('could not store', { error: 'text' });
    defaultLogger.error('could not store', { error: undefined });
    defaultLogger.error('could not store');
    expect(calls.map(([message]) => message)).toEqual(['could not store: disk full', 'could not store: text', 'could not store: undefined', 'could not store']);
  });

  it('keeps the rest to itself', () => {
    const calls = warnings();
    defaultLogger.debug('detail');
    defaultLogger.info('news');
    expect(calls).toEqual([]);
  });
});
