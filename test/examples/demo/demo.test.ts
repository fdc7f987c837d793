import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linesOf, makeFolder, writeFiles } from '../fixture.ts';
import { runExample } from '../process.ts';

const FOLDERS = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7'];
/** Lines of TypeScript: 10 in the first folder, 20 in the second, and so on, and one line with a TODO. */
const TYPESCRIPT_LINES = 280 + 1;
const PYTHON_LINES = 28;
const TEXT_LINES = 2 * 33;
const README_LINES = 10;
const SOUL = '# How\n\nKindly.\n';
const PROJECT = '# Shop\n\nSells bees & honey.\n';
const MEMORY = '# Memory\n\n- Bees dance.\n';
const MARKDOWN_LINES = README_LINES + 3 * 3;

// Each of these runs one or two whole demos, some twenty processes each: a busy machine must not decide whether they pass.
describe('npm run demo', { timeout: 600_000 }, () => {
  it('reports on a code base with many tasks at once, and shows them to a second run', async () => {
    const folder = await makeCodeBase();
    const first = runExample('demo/main.ts', [], folder);
    expect(await first.exited, first.output()).toBe(0);
    expect(outcomes(first.output())).toEqual(expect.arrayContaining([
      ['report', 'shop', 'high', 'completed', '1'],
      ['flaky', 'maintenance', 'normal', 'completed', '2'],
      ['slow', 'maintenance', 'low', 'cancelled', '1'],
      ['summarise', 'shop', 'urgent', 'completed', '1'],
    ]));
    // With the priority of the report whose children they are.
    const scans = outcomes(first.output()).filter(([task]) => task?.startsWith('scan '));
    expect(scans.length).toBeGreaterThanOrEqual(6);
    expect(scans.every(([, , priority, state]) => priority === 'high' && state === 'completed')).toBe(true);
    expect(Number(/at most (\d+) at once/.exec(first.output())?.[1])).toBeLessThanOrEqual(5);
    expect(first.output()).toContain('✔ everything came out as expected');
    expect(first.output()).not.toContain('\u001b');
    await checkReport(folder, first.output(), scans.length);
    // One task is told of the project, once, and nothing is written into it.
    expect(first.output().match(/^report .* told {7}SOUL\.md \(\d+\), PROJECT\.md \(\d+\), MEMORY\.md \(\d+\) tokens$/gm)).toHaveLength(1);
    expect(first.output().match(/ told {7}/g)).toHaveLength(1);
    expect(await readFile(join(folder, 'MEMORY.md'), 'utf8')).toBe(MEMORY);
    expect((await readdir(folder)).filter((name) => name.includes('MEMORY'))).toEqual(['MEMORY.md']);

    const second = runExample('demo/main.ts', [], folder);
    expect(await second.exited, second.output()).toBe(0);
    expect(second.output()).toContain(`earlier runs: 1 with ${4 + scans.length} tasks`);
    expect(second.output().indexOf('earlier runs')).toBeLessThan(second.output().indexOf('live from'));
  });

  it('loses nothing when its host is killed', async () => {
    const folder = await makeCodeBase();
    // Slowly enough that what is left of the scans is still to be done when the kill comes, also on a busy machine.
    const demo = runExample('demo/main.ts', ['--kill', '--pace', '2'], folder);
    expect(await demo.exited, demo.output()).toBe(0);
    const [, accepted, interrupted] = await demo.says(/^killed +(\d+) tasks had been accepted; (\d+) of them were interrupted and\s+ran again; none got lost$/m);
    const tasks = outcomes(demo.output());
    // The summary is submitted by the second host only.
    expect(tasks).toHaveLength(Number(accepted) + 1);
    expect(demo.output().match(/was interrupted, goes on/g)).toHaveLength(Number(interrupted));
    // The first host leaves this one running, so there is always something to interrupt.
    expect(tasks).toContainEqual(['slow', 'maintenance', 'low', 'cancelled', '2 (1 cut)']);
    expect(demo.output()).toMatch(/^SIGKILL: the host \(process \d+\) is gone\./m);
    await checkReport(folder, demo.output(), tasks.filter(([task]) => task?.startsWith('scan ')).length);
  });

  it('keeps its tasks when it is interrupted, and goes on with them the next time', async () => {
    const folder = await makeCodeBase();
    const first = runExample('demo/main.ts', ['--pace', '5'], folder);
    await first.says(/^scan .* completed /m);
    first.signal('SIGINT');
    expect(await first.exited, first.output()).toBe(130);
    const [, open] = await first.says(/^Stopped\. (\d+) of \d+ tasks have not ended; they are kept in/m);
    expect(Number(open)).toBeGreaterThan(0);

    const second = runExample('demo/main.ts', ['--pace', '0'], folder);
    expect(await second.exited, second.output()).toBe(0);
    expect(second.output()).toMatch(/The last run over this folder was cut short\. Its \d+ unfinished tasks go on now\./);
    expect(second.output()).not.toContain('earlier runs');
    expect(outcomes(second.output()).map(([task]) => task)).toEqual(expect.arrayContaining(['report', 'flaky', 'slow', 'summarise']));
  });

  it('says what is wrong with its command line, and helps', async () => {
    const folder = await makeFolder();
    const missing = runExample('demo/main.ts', ['nowhere'], folder);
    expect(await missing.exited).toBe(2);
    expect(missing.output()).toContain(`demo: there is no folder ${join(folder, 'nowhere')}`);
    await writeFiles(folder, { 'file.txt': '' });
    const file = runExample('demo/main.ts', ['file.txt'], folder);
    expect(await file.exited).toBe(2);
    expect(file.output()).toContain('file.txt is not a folder');
    const help = runExample('demo/main.ts', ['--help'], folder);
    expect(await help.exited).toBe(0);
    expect(help.output()).toContain('Usage: npm run demo');
  });

  it('has nothing to scan in an empty folder, and says so in a report', async () => {
    const folder = await makeFolder();
    const demo = runExample('demo/main.ts', [], folder);
    expect(await demo.exited, demo.output()).toBe(0);
    expect(demo.output()).toContain('0 text files with 0 lines (0 bytes) in 1 folder, read by 0 scans.');
  });
});

async function makeCodeBase(): Promise<string> {
  const folder = join(await makeFolder(), 'shop');
  await writeFiles(folder, {
    'README.md': linesOf(README_LINES),
    'SOUL.md': SOUL,
    'PROJECT.md': PROJECT,
    'MEMORY.md': MEMORY,
    'package-lock.json': '{}',
    // Tasks may not see what may hold passwords.
    '.npmrc': 'hush\n',
    'f1/copy.txt': linesOf(33, 'same'),
    'f2/copy.txt': linesOf(33, 'same'),
    'assets/logo.png': Buffer.from([137, 80, 78, 71, 0]),
    'node_modules/x/index.js': linesOf(500),
    'dist/out.js': linesOf(500),
    ...Object.fromEntries(FOLDERS.flatMap((name, index) => [
      [`${name}/main.ts`, `${linesOf(10 * (index + 1), 'const x =')}${name === 'f3' ? '// TODO: tidy this\n' : ''}`],
      [`${name}/util.py`, linesOf(index + 1, '#')],
    ])),
  });
  return folder;
}

async function checkReport(folder: string, output: string, scans: number): Promise<void> {
  const path = /^report {2,}(\S+\.md)$/m.exec(output)?.[1] ?? 'not named';
  const report = await readFile(join(folder, path), 'utf8');
  const lines = TYPESCRIPT_LINES + PYTHON_LINES + TEXT_LINES + MARKDOWN_LINES;
  expect(report).toContain('# shop\n\n> Sells bees & honey.\n\n');
  expect(report).toContain(`20 text files with ${lines} lines`);
  expect(report).toContain(`in 9 folders, read by ${scans} scans.`);
  expect(report).toContain('Not read: 1 binary, 1 generated, 1 closed to tasks (`.npmrc`).');
  expect(report).toContain(`| TypeScript | 7 | ${TYPESCRIPT_LINES} |`);
  expect(report).toContain(`| Python | 7 | ${PYTHON_LINES} |`);
  expect(report).toContain('## TODO and FIXME (1)\n\n- `f3/main.ts:31` TODO: tidy this\n');
  expect(report).toMatch(/## Duplicate files \(1\)\n\n- [\d.]+ bytes could go: `f1\/copy\.txt`, `f2\/copy\.txt`\n/);
  expect(report).toMatch(/## Largest files\n\n\| File \| Lines \| Size \|\n.*\n\| `f7\/main\.ts` \| 70 \|/);
  expect(output).toContain(`  20 text files with ${lines} lines`);
  expect(output).toMatch(/^ {2}\| Text \| 2 \| 66 \|/m);
}

/** The rows of the table of outcomes: task, project, priority, state, attempts. */
function outcomes(output: string): string[][] {
  const lines = output.split('\n');
  const head = lines.findIndex((line) => /^task +project +priority /.test(line));
  const length = lines.slice(head + 2).findIndex((line) => !/ {2}/.test(line));
  return lines.slice(head + 2, head + 2 + length).map((line) => line.split(/ {2,}/).slice(0, 5));
}
