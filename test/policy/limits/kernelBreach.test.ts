import { describe, expect, it } from 'vitest';
import { breachOfExit, breachOfFailure } from '../../../src/lib/task-system/policy/limits/kernelBreach.ts';

const PEAKS = { cpuMs: 1_900, memoryBytes: 70, processes: 2, workspaceBytes: 9 };
const ALL = { dataBytes: 100, cpuSeconds: 2, fileBytes: 10 };

describe('breachOfExit', () => {
  it.each([
    ['SIGXCPU', null, 'cpu'], ['SIGXFSZ', null, 'disk'], [null, 152, 'cpu'], [null, 153, 'disk'],
  ])('takes %s (code %s) for the limit of %s', (signal, code, limit) => {
    expect(breachOfExit({ signal, code, output: '' }, ALL, PEAKS)).toMatchObject({ limit, mechanism: 'kernel' });
  });

  it('takes an abort for a limit of memory only when the process said that it got none', () => {
    const end = { signal: 'SIGABRT', code: null };
    expect(breachOfExit({ ...end, output: 'FATAL ERROR: JavaScript heap out of memory' }, ALL, PEAKS)).toEqual({
      limit: 'memory', unit: 'bytes', allowed: 100, seen: 70, peak: 70, mechanism: 'kernel',
    });
    expect(breachOfExit({ ...end, output: 'assertion failed' }, ALL, PEAKS)).toBeUndefined();
  });

  it('blames no limit that was not set', () => {
    expect(breachOfExit({ signal: 'SIGXCPU', code: null, output: '' }, {}, PEAKS)).toBeUndefined();
  });

  it.each(['SIGKILL', 'SIGTERM', null])('sees no limit in %s', (signal) => {
    expect(breachOfExit({ signal, code: 1, output: 'out of memory' }, ALL, PEAKS)).toBeUndefined();
  });
});

describe('breachOfFailure', () => {
  it('finds a refused allocation, also below other errors', () => {
    const cause = { name: 'RangeError', message: 'Array buffer allocation failed' };
    expect(breachOfFailure({ name: 'Error', message: 'it broke', cause }, ALL, PEAKS)).toMatchObject({ limit: 'memory' });
  });

  it('finds a file that may not grow', () => {
    expect(breachOfFailure({ name: 'Error', message: 'EFBIG: file too large, write', code: 'EFBIG' }, ALL, PEAKS)).toMatchObject({ limit: 'disk' });
  });

  it('leaves other errors alone, and all when nothing is limited', () => {
    expect(breachOfFailure({ name: 'RangeError', message: 'Invalid array length' }, ALL, PEAKS)).toBeUndefined();
    expect(breachOfFailure({ name: 'Error', message: '', code: 'EFBIG' }, {}, PEAKS)).toBeUndefined();
  });
});
