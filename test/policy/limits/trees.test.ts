import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MarkTable } from '../../../src/lib/task-system/policy/limits/MarkTable.ts';
import { PidusageTree } from '../../../src/lib/task-system/policy/limits/PidusageTree.ts';
import { Prlimit } from '../../../src/lib/task-system/policy/limits/Prlimit.ts';
import { ProcTree } from '../../../src/lib/task-system/policy/limits/ProcTree.ts';
import { MARKS } from '../../../src/lib/task-system/policy/Sandbox.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { kill, nextPid, startProgram, startScript } from '../../core/programs.ts';
import { until } from '../../core/until.ts';

describe.each([['ProcTree', ProcTree], ['PidusageTree', PidusageTree]] as const)('%s', (_name, Tree) => {
  it('counts a process and its descendants, and what they hold', async () => {
    const program = startScript('sleep 1000 & echo $!; wait');
    await nextPid(program);
    const usage = await new Tree(program.pid).read();
    expect(usage).toMatchObject({ processes: 2 });
    expect(usage?.memoryBytes).toBeGreaterThan(0);
  });

  it('reads nothing when the process is gone', async () => {
    const program = startScript('exit 0');
    await program.ended;
    expect(await new Tree(program.pid).read()).toBeUndefined();
  });
});

describe('ProcTree', () => {
  it('counts threads, and every shared page once', async () => {
    const program = startScript('sleep 1000 & echo $!; wait');
    await asleep(await nextPid(program));
    const tree = new ProcTree(program.pid);
    const usage = await tree.read();
    expect(usage?.threads).toBe(2);
    expect(tree.exactMemory()).toBeGreaterThan(0);
    expect(tree.exactMemory()).toBeLessThanOrEqual(usage?.memoryBytes ?? 0);
  });

  it('finds by its mark what left its parent, its group and its session', async () => {
    const program = startScript('(setsid sleep 1000 & echo $!) ; exec sleep 1000', { [MARKS.process]: 'tree-1' });
    const daemon = await nextPid(program);
    await asleep(daemon);
    const clock = new FakeClock();
    const table = new MarkTable(clock);
    const tree = new ProcTree(program.pid, () => table.pidsOf('tree-1'));
    await tree.read();
    clock.advance(250);
    await tree.read();
    expect(tree.pids).toContain(daemon);
    kill(daemon);
  });

  it('finds what another thread than the first one has started, at the latest with the fourth sample', async () => {
    const worker = 'const { workerData, parentPort } = require("worker_threads"); const { spawn } = require("child_process"); parentPort.once("message", () => console.log(spawn("sleep", ["1000"]).pid)); parentPort.postMessage("up");';
    const main = 'const { Worker } = require("worker_threads"); const worker = new Worker(process.argv[1], { eval: true }); worker.once("message", () => { console.log("up"); process.stdin.once("data", () => worker.postMessage("go")); });';
    const { tree, child } = await startAndRead(main, worker);
    for (let sample = 2; sample <= 5; sample++) await tree.read();
    expect(tree.pids).toContain(child);
  });

  it('finds at once what a thread has started that came later', async () => {
    const worker = 'console.log(require("child_process").spawn("sleep", ["1000"]).pid);';
    const main = 'console.log("up"); process.stdin.once("data", () => new (require("worker_threads").Worker)(process.argv[1], { eval: true }));';
    const { tree, child } = await startAndRead(main, worker);
    await tree.read();
    expect(tree.pids).toContain(child);
  });

  it('asks nobody for strays while nothing was started, nor where there can be none', async () => {
    let asked = 0;
    const tree = new ProcTree(startScript('exec sleep 1000').pid, () => { asked++; return []; });
    await tree.read();
    await tree.read();
    expect(asked).toBe(0);
  });

  it('keeps the CPU time of children that have ended', async () => {
    const program = startScript('i=0; (while [ $i -lt 200000 ]; do i=$((i+1)); done); echo 2; exec sleep 1000');
    await program.nextLine();
    const usage = await new ProcTree(program.pid).read();
    expect(usage).toMatchObject({ processes: 1 });
    expect(usage?.cpuMs).toBeGreaterThan(0);
  });
});

describe('Prlimit', () => {
  it('limits a process that runs', async () => {
    const { pid } = startScript('exec sleep 1000');
    expect(await new Prlimit().apply(pid, { openFiles: 77, fileBytes: 4_096 })).toBe(true);
    const limits = readFileSync(`/proc/${String(pid)}/limits`, 'utf8');
    expect(limits).toMatch(/^Max open files\s+77\s+77/m);
    expect(limits).toMatch(/^Max file size\s+4096\s+4096/m);
  });

  it('does nothing where there is none, and says so', async () => {
    const prlimit = new Prlimit(['/nonexistent/prlimit']);
    expect([await prlimit.apply(process.pid, {}), prlimit.proven]).toEqual([false, undefined]);
  });
});

/** Waits until a process is what it is to become: its memory and its environment change while its program is replaced. */
async function asleep(pid: number): Promise<void> {
  await until(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes('(sleep) S'));
}

/** Runs `main`, which knows the code of `worker`; reads its tree, lets it go on, and waits for the process that it starts then. */
async function startAndRead(main: string, worker: string): Promise<{ readonly tree: ProcTree; readonly child: number }> {
  const program = startProgram(process.execPath, ['-e', main, worker]);
  await program.nextLine();
  const tree = new ProcTree(program.pid);
  await tree.read();
  program.child.stdin?.write('go');
  return { tree, child: await nextPid(program) };
}
