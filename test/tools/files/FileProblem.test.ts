import { describe, expect, it } from 'vitest';
import { FileProblem } from '../../../src/lib/task-system/tools/files/FileProblem.ts';

describe('FileProblem', () => {
  it.each(['ENOENT', 'ELOOP', 'EISDIR', 'EACCES', 'ENOSPC'])('says in words what %s is, and nothing of where', (code) => {
    const problem = FileProblem.of(Object.assign(new Error(`${code}: open '/srv/secret/place'`), { code }));
    expect(problem.reason).toBe(code);
    expect(problem.message).toMatch(/^[a-z]/);
    expect(problem.message).not.toContain('/srv');
  });

  it('names a code that it has no words for', () => {
    expect(FileProblem.of(Object.assign(new Error('x'), { code: 'EWEIRD' })).message).toBe('the system says EWEIRD');
  });

  it('stays what it is', () => {
    const problem = new FileProblem('EPATH', 'too far');
    expect(FileProblem.of(problem)).toBe(problem);
  });

  it.each([[new Error('x')], ['x'], [undefined], [Object.assign(new Error('x'), { code: 7 })]])('takes %j, which has no code, for unknown', (thrown) => {
    expect(FileProblem.of(thrown).reason).toBe('UNKNOWN');
  });
});
