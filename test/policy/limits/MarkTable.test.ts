import { describe, expect, it } from 'vitest';
import { MarkTable } from '../../../src/lib/task-system/policy/limits/MarkTable.ts';
import { hasProc } from '../../../src/lib/task-system/policy/procfs.ts';
import { MARKS } from '../../../src/lib/task-system/policy/Sandbox.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { startScript, type Program } from '../../core/programs.ts';

/** A process with a mark that has begun. */
async function startMarked(mark: string): Promise<Program> {
  const program = startScript('echo up; exec sleep 1000', { [MARKS.process]: mark });
  await program.nextLine();
  return program;
}

describe.skipIf(!hasProc())('MarkTable', () => {
  it('finds processes by their mark, and no others', async () => {
    const [first, second, other] = [await startMarked('table-a'), await startMarked('table-a'), await startMarked('table-b')];
    const table = new MarkTable(new FakeClock());
    expect(new Set(table.pidsOf('table-a'))).toEqual(new Set([first.pid, second.pid]));
    expect(table.pidsOf('table-b')).toEqual([other.pid]);
    expect(table.pidsOf('table')).toEqual([]);
  });

  it('looks again after a quarter of a second, and not before', async () => {
    const clock = new FakeClock();
    const table = new MarkTable(clock);
    expect(table.pidsOf('table-c')).toEqual([]);
    const { pid } = await startMarked('table-c');
    clock.advance(249);
    expect(table.pidsOf('table-c')).toEqual([]);
    clock.advance(1);
    expect(table.pidsOf('table-c')).toEqual([pid]);
  });

  it('forgets who is gone', async () => {
    const clock = new FakeClock();
    const table = new MarkTable(clock);
    const program = await startMarked('table-d');
    expect(table.pidsOf('table-d')).toEqual([program.pid]);
    program.child.kill('SIGKILL');
    await program.ended;
    clock.advance(250);
    expect(table.pidsOf('table-d')).toEqual([]);
  });
});
