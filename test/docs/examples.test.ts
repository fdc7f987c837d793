import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY, writeFiles } from '../support/files.ts';
import { runNode, typeCheck } from '../support/run.ts';
import { readExamples, type Example } from './blocks.ts';

const PAGES = ['README.md', ...readdirSync(path.join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];
const EXAMPLES = PAGES.flatMap((page) => readExamples(page, readFileSync(path.join(REPOSITORY, page), 'utf8')));

/** Inside the repository, so that `task-system` and its development packages are found as they are by the examples of a user. */
let base = '';

beforeAll(() => {
  mkdirSync(path.join(REPOSITORY, '.cache'), { recursive: true });
  base = mkdtempSync(path.join(REPOSITORY, '.cache/docs-'));
  EXAMPLES.forEach((example) => { writeFiles(folderOf(example), Object.fromEntries(example.files)); });
});

// What serves is killed: its helpers may not have noticed yet.
afterAll(() => { rmSync(base, { recursive: true, force: true, maxRetries: 20 }); });

function folderOf(example: Example): string {
  return path.join(base, example.name.replaceAll(/[^\w]/g, '-'));
}

describe('the docs', () => {
  it('have examples', () => {
    expect(EXAMPLES.length).toBeGreaterThan(0);
  });

  it('have examples whose types are right', { timeout: 600_000 }, async () => {
    const settings = { extends: '../../tsconfig.json', compilerOptions: { tsBuildInfoFile: '.tsbuildinfo', paths: { 'task-system': ['../../src/index.ts'], 'task-system/*': ['../../src/*.ts'] }, allowJs: true, checkJs: true, moduleDetection: 'force' }, include: ['**/*'] };
    writeFiles(base, { 'tsconfig.json': JSON.stringify(settings) });
    // A handler in JavaScript need not say what its parameters are.
    const complaints = (await typeCheck(base)).split('\n').filter((line) => line !== '' && !/\.[cm]?js\(.*error TS70\d\d:/.test(line));
    expect(complaints).toEqual([]);
  });

  it.each(EXAMPLES.filter(({ serves }) => !serves))('have a program at $name that runs', { timeout: 600_000 }, async (example) => {
    const { code, stdout, stderr } = await runNode(example.program, folderOf(example));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    if (example.output !== undefined) expect(stdout).toMatch(patternOf(example.output));
    expect(stdout.split('\n').filter((line) => example.prints.includes(line))).toEqual(example.prints);
  });

  it.each(EXAMPLES.filter(({ serves }) => serves))('have a program at $name that serves', async (example) => {
    const preload = new URL('announceListening.mjs', import.meta.url).href;
    const child = fork(path.join(folderOf(example), example.program), { cwd: folderOf(example), execArgv: ['--import', preload], silent: true });
    const stderr: string[] = [];
    child.stderr?.on('data', (chunk: Buffer) => { stderr.push(chunk.toString()); });
    const { promise, resolve } = Promise.withResolvers<string>();
    const gone = once(child, 'exit');
    child.once('message', () => { resolve('listening'); });
    child.once('exit', (code) => { resolve(`ended with ${String(code)}: ${stderr.join('')}`); });
    const outcome = await promise;
    child.kill('SIGKILL');
    await gone;
    expect(outcome).toBe('listening');
  });
});

/** `…` stands for anything within a line. */
function patternOf(output: string): RegExp {
  return new RegExp(`^${output.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[^\\n]*')}$`);
}
