import { describe, expect, it } from 'vitest';
import { findSurprises, type Outcome, type TaskLine } from '../../../examples/demo/outcome.ts';
import { earlierTable, outcomeTable } from '../../../examples/demo/tables.ts';
import { chooseGlyphs, createStyle } from '../../../examples/demo/terminal/style.ts';

const look = { width: 120, style: createStyle(false), glyphs: chooseGlyphs({}, 'linux') };
const good: Outcome = {
  tasks: [line('report'), line('flaky', { attempts: 2 }), line('slow', { state: 'cancelled' }), line('scan', { label: 'src' }), line('summarise')],
  report: { path: '/r.md', head: [] },
};

describe('findSurprises', () => {
  it('finds none when everything came as it should', () => {
    expect(findSurprises(good)).toEqual([]);
  });

  it.each<[Partial<Outcome>, string]>([
    [{ report: undefined }, 'no report was written'],
    [{ problem: 'the disk is full' }, 'the disk is full'],
    [{ tasks: good.tasks.filter((task) => task.type !== 'summarise') }, 'there should be one summarise task, not 0'],
    [{ tasks: [...good.tasks, line('report')] }, 'there should be one report task, not 2'],
    [{ tasks: changed('slow', { state: 'completed' }) }, 'slow should be cancelled, but is completed'],
    [{ tasks: changed('scan', { state: 'failed', error: 'no such file' }) }, 'scan src should be completed, but is failed (no such file)'],
    [{ tasks: changed('flaky', { attempts: 1 }) }, 'flaky should have needed a second attempt, but had 1'],
  ])('names what is wrong with %j', (change, surprise) => {
    expect(findSurprises({ ...good, ...change })).toEqual([surprise]);
  });
});

describe('outcomeTable', () => {
  it('shows each task with names, counts and times', () => {
    const row = { ...line('scan'), label: 'src', percent: 100, message: '', startedAt: undefined, waitedMs: 15, ranMs: 2_100, finishedAt: 9, seenAt: 9 };
    const tasks = [line('scan', { label: 'src', attempts: 2, interruptions: 1 }), line('slow', { state: 'cancelled', priority: -1, attempts: 0 }), line('x', { priority: 7 })];
    expect(outcomeTable(tasks, (id) => (id === 'scan' ? row : undefined), look).map((text) => text.split(/ {2,}/))).toEqual([
      ['task', 'project', 'priority', 'state', 'attempts', 'waited', 'ran'], expect.anything(),
      ['scan src', 'shop', 'normal', 'completed', '2 (1 cut)', '15 ms', '2.1 s'], ['slow', 'shop', 'low', 'cancelled', '0'], ['x', 'shop', '7', 'completed', '1'],
    ]);
  });
});

describe('earlierTable', () => {
  it('shows the newest tasks and counts the rest', () => {
    const many = Array.from({ length: 25 }, (_, index) => line('scan', { label: `d${index}`, createdAt: 1_000, finishedAt: 1_500 }));
    const lines = earlierTable(many, 121_000, look);
    expect(lines[2]?.split(/ {2,}/)).toEqual(['scan d0', 'shop', 'completed', '1', '2 min ago', '500 ms']);
    expect(lines).toHaveLength(2 + 12 + 1);
    expect(lines.at(-1)).toBe('and 13 more');
  });
});

function line(type: string, fields: Partial<TaskLine> = {}): TaskLine {
  return { id: type, type, project: 'shop', priority: 0, state: 'completed', attempts: 1, interruptions: 0, createdAt: 0, ...fields };
}

function changed(type: string, fields: Partial<TaskLine>): TaskLine[] {
  return good.tasks.map((task) => (task.type === type ? { ...task, ...fields } : task));
}
