import { stripVTControlCharacters } from 'node:util';
import type { TaskEvent } from 'task-system';
import type { ContextFileReport } from 'task-system/task';
import { describe, expect, it } from 'vitest';
import { Screen } from '../../../../examples/demo/terminal/Screen.ts';
import { chooseGlyphs, createStyle } from '../../../../examples/demo/terminal/style.ts';
import { widthOf } from '../../../../examples/demo/terminal/text.ts';
import { renderFrame, tally } from '../../../../examples/demo/viewer/frame.ts';
import { lineFor } from '../../../../examples/demo/viewer/lines.ts';
import { TaskBoard } from '../../../../examples/demo/viewer/TaskBoard.ts';
import { Viewer } from '../../../../examples/demo/viewer/Viewer.ts';
import { eventLog } from './events.ts';

const plain = { style: createStyle(false), glyphs: chooseGlyphs({}, 'linux'), now: 2_000 };

describe('renderFrame', () => {
  it('draws a heading and one line per task', () => {
    const board = new TaskBoard();
    for (const event of someTasks(2, 50)) board.apply(event);
    const lines = renderFrame(board, { ...plain, width: 100, height: 20 });
    expect(lines[0]).toBe('2 tasks: 2 running');
    expect(lines[1]).toMatch(/^. scan +task 0 +shop +#{7}\.{7} +50 % +\d+ ms half$/);
    expect(lines).toHaveLength(3);
  });

  it.each([30, 40, 60, 80, 120, 200])('stays within %i columns, with colours and without', (width) => {
    const board = new TaskBoard();
    for (const event of someTasks(8, 33, '漢字 and a very long name that goes on and on, further than any terminal')) board.apply(event);
    for (const style of [createStyle(false), createStyle(true)]) {
      for (const line of renderFrame(board, { ...plain, style, width, height: 50 })) expect(widthOf(stripVTControlCharacters(line))).toBeLessThan(Math.max(width, 35));
    }
  });

  it('keeps within the height of the terminal, shows what runs, and says what is hidden', () => {
    const event = eventLog();
    const board = new TaskBoard();
    for (let index = 0; index < 30; index += 1) board.apply(event(`q${index}`, { type: 'task:create', data: { priority: 0 } }));
    board.apply(event('q29', { type: 'task:start', data: { queuedMs: 0 } }));
    const lines = renderFrame(board, { ...plain, width: 100, height: 10 });
    expect(lines.length).toBeLessThan(10);
    expect(lines.some((line) => line.includes('0 %'))).toBe(true);
    expect(lines.at(-1)).toBe('  and 23 more: 23 queued');
  });

  it('says behind the counts what is the matter', () => {
    const board = new TaskBoard();
    expect(renderFrame(board, { ...plain, width: 100, height: 10, note: 'no answer' })).toEqual(['waiting for the first task (no answer)']);
  });

  it('counts by state', () => {
    expect(tally([{ state: 'queued' }, { state: 'running' }, { state: 'queued' }, { state: 'failed' }])).toBe('1 running, 2 queued, 1 failed');
  });
});

describe('lineFor', () => {
  it('says every change of state, and progress only at each quarter', () => {
    const event = eventLog();
    const board = new TaskBoard();
    const said = [
      event('task-00abcdef', { type: 'task:create', data: { priority: 0 } }),
      event('task-00abcdef', { type: 'task:start', data: { queuedMs: 12 } }),
      ...[10, 24, 26, 49, 51, 74, 76, 100].map((percent) => event('task-00abcdef', { type: 'task:progress', data: { percent, message: `at ${percent}` } })),
      event('task-00abcdef', { type: 'task:retry', data: { cause: 'failed', delayMs: 1, error: { name: 'Error', message: 'no\nluck' } } }),
      event('task-00abcdef', { type: 'task:retry', data: { cause: 'interrupted', delayMs: 1, error: { name: 'Error', message: '' } } }),
      event('task-00abcdef', { type: 'task:complete', data: { durationMs: 1, resultBytes: 1 } }),
    ].flatMap((each) => {
      const change = board.apply(each);
      const line = change === undefined ? undefined : lineFor(each, change.before, change.after);
      return line === undefined ? [] : [line.replace(/ +/g, ' ')];
    });
    expect(said).toEqual([
      'scan abcdef queued in shop', 'scan abcdef running attempt 1, waited 12 ms', 'scan abcdef 26 % at 26', 'scan abcdef 51 % at 51', 'scan abcdef 76 % at 76',
      'scan abcdef queued failed, tries again: no luck', 'scan abcdef queued was interrupted, goes on', expect.stringMatching(/^scan abcdef completed after \d+ ms$/),
    ]);
  });
});

describe('what a task was told', () => {
  const file = (name: string, usedTokens: number): ContextFileReport => ({ name, as: 'instructions', rawBytes: 900, rawTokens: 300, usedTokens, hash: 'ab' });
  const told = eventLog()('task-00abcdef', { type: 'task:context', data: { files: [file('SOUL.md', 12), file('PROJECT.md', 34)], usedTokens: 60, maxTokens: 100 } });

  it.each([true, false])('is said once, with the tokens of each file (terminal: %s)', (isTTY) => {
    const output = recorder();
    const viewer = new Viewer({ isTTY, columns: 100, rows: 20, write: (text) => { output.write(text); } }, plain.style, plain.glyphs);
    viewer.show(told);
    viewer.show(told);
    viewer.finish();
    expect(output.take().match(/^.*told.*$/gm)?.map((line) => stripVTControlCharacters(line).trim().replace(/ +/g, ' '))).toEqual(['scan abcdef told SOUL.md (12), PROJECT.md (34) tokens']);
  });
});

describe('Screen', () => {
  it('draws over what it drew, keeps what it printed, and gives the cursor back', () => {
    const terminal = recorder();
    const screen = new Screen(terminal);
    screen.draw(['one', 'two']);
    expect(terminal.take()).toBe('\u001b[?25l\u001b[?7lone\u001b[K\ntwo\u001b[K\n\u001b[J\u001b[?7h');
    screen.print('said');
    expect(terminal.take()).toBe('\u001b[2A\r\u001b[Jsaid\n\u001b[?7lone\u001b[K\ntwo\u001b[K\n\u001b[J\u001b[?7h');
    screen.draw(['three']);
    expect(terminal.take()).toContain('\u001b[2A\rthree');
    screen.clear();
    expect(terminal.take()).toBe('\u001b[1A\r\u001b[J\u001b[?25h');
    screen.clear();
    expect(terminal.take()).toBe('\u001b[J');
  });
});

describe('Viewer', () => {
  it('writes plain lines where there is no terminal, and a warning once', () => {
    const output = recorder();
    const viewer = new Viewer(output, plain.style, plain.glyphs);
    const event = eventLog();
    viewer.show(event('a', { type: 'task:create', data: { priority: 0 } }));
    for (const id of ['a', 'b']) viewer.show(event(id, { type: 'task:warning', data: { code: 'WEAK', message: 'no walls' } }));
    viewer.say('done');
    viewer.finish();
    expect(output.take().split('\n')).toEqual([expect.stringMatching(/^scan a +queued +in shop$/), 'warning WEAK: no walls', 'done', '']);
  });

  it('waits until the tasks are as wanted, or until it is stopped', async () => {
    const viewer = new Viewer(recorder(), plain.style, plain.glyphs);
    const event = eventLog();
    const twoThere = viewer.until((rows) => rows.length === 2, new AbortController().signal);
    viewer.show(event('a', { type: 'task:create', data: { priority: 0 } }));
    viewer.show(event('b', { type: 'task:create', data: { priority: 0 } }));
    await twoThere;
    const stop = new AbortController();
    const never = viewer.until(() => false, stop.signal);
    stop.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
    await expect(viewer.until(() => true, stop.signal)).rejects.toThrow('enough');
  });
});

function someTasks(count: number, percent: number, name = 'task'): TaskEvent[] {
  const event = eventLog();
  return Array.from({ length: count }, (_, index) => `id${index}`).flatMap((id, index) => [
    event(id, { type: 'task:create', data: { priority: 0 } }),
    event(id, { type: 'task:start', data: { queuedMs: 0 } }),
    event(id, { type: 'task:progress', data: { percent, message: 'half', data: { label: `${name} ${index}` } } }),
  ]);
}

function recorder(): { write: (text: string) => void; take: () => string } {
  let written = '';
  return {
    write: (text) => { written += text; },
    take: () => { const taken = written; written = ''; return taken; },
  };
}
