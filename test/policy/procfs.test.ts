import { describe, expect, it } from 'vitest';
import { allPids, childrenOf, childrenOfMainThread, hasProc, readMemory, readProportionalMemory, readStat, readVariable } from '../../src/lib/task-system/policy/procfs.ts';
import { nextPid, startScript } from '../core/programs.ts';
import { until } from '../core/until.ts';

/** A number that no process has: the kernel never gives as high a one. */
const NOBODY = 2 ** 22 + 1;
const MIB = 1_048_576;

describe.skipIf(!hasProc())('readStat', () => {
  it('tells of this process', () => {
    expect(readStat(process.pid)).toMatchObject({ parent: process.ppid, hasEnded: false, hasEnvironment: true });
    expect(readStat(process.pid)?.threads).toBeGreaterThan(1);
    expect(readStat(process.pid)?.ownMs).toBeGreaterThan(0);
  });

  it('names a process for good: another one started at another time', () => {
    const { pid } = startScript('exec sleep 1000');
    expect(readStat(pid)?.start).not.toBe(readStat(process.pid)?.start);
  });

  it('is not misled by a name with brackets and spaces', async () => {
    const program = startScript('exec sh -c \'printf ") Z 1 2 (" > /proc/$$/comm; echo ready; read -r line\'');
    await program.nextLine();
    expect(readStat(program.pid)).toMatchObject({ parent: process.pid, hasEnded: false });
  });

  it('knows whether a process ever had a child', async () => {
    const program = startScript('read -r line; /bin/true; echo done; read -r line');
    expect(readStat(program.pid)?.hadChildren).toBe(false);
    program.child.stdin?.write('go\n');
    await program.nextLine();
    expect(readStat(program.pid)?.hadChildren).toBe(true);
  });

  it('knows that the threads of the kernel never have an environment', () => {
    const [thread] = allPids().filter((pid) => readStat(pid)?.parent === 2);
    if (thread !== undefined) expect(readStat(thread)?.hasEnvironment).toBe(false);
    expect(readStat(startScript('exec sleep 1000').pid)?.hasEnvironment).toBe(true);
  });

  it('knows a zombie', async () => {
    // It ends when its parent is a program that waits for nobody: a shell might.
    const program = startScript('sh -c \'until grep -qx sleep /proc/$PPID/comm; do :; done\' & echo $!; exec sleep 1000');
    const zombie = await nextPid(program);
    await until(() => readStat(zombie)?.hasEnded !== false);
    expect(readStat(zombie)?.hasEnded).toBe(true);
  });

  it('says nothing of a process that is not there', () => {
    expect(readStat(NOBODY)).toBeUndefined();
  });
});

describe.skipIf(!hasProc())('readMemory', () => {
  it('tells what a process holds and what it has reserved', () => {
    const memory = readMemory(process.pid);
    expect(memory?.held).toBeGreaterThan(10 * MIB);
    expect(memory?.data).toBeGreaterThan(memory?.held ?? Infinity);
  });

  it('agrees with the exact count, which takes shared pages apart', () => {
    const [rough = 0, exact = 0] = [readMemory(process.pid)?.held, readProportionalMemory(process.pid)];
    expect(exact / rough).toBeGreaterThan(0.5);
    expect(exact / rough).toBeLessThan(1.5);
  });

  it('says nothing of a process that is not there', () => {
    expect([readMemory(NOBODY), readProportionalMemory(NOBODY)]).toEqual([undefined, undefined]);
  });
});

describe.skipIf(!hasProc())('childrenOf', () => {
  it('finds what a process started', async () => {
    const program = startScript('sleep 1000 & echo $!; wait');
    const child = await nextPid(program);
    expect([childrenOf(program.pid), childrenOfMainThread(program.pid)]).toEqual([[child], [child]]);
  });

  it('finds nothing under a process without children, nor where there is none', () => {
    expect([childrenOf(startScript('exec sleep 1000').pid), childrenOf(NOBODY)]).toEqual([[], []]);
  });
});

describe.skipIf(!hasProc())('readVariable', () => {
  it('reads a variable of the environment that a process was started with', async () => {
    const program = startScript('echo up; exec sleep 1000', { COLOUR: 'blue', COLOUR_TWO: 'red' });
    await program.nextLine();
    expect([readVariable(program.pid, 'COLOUR'), readVariable(program.pid, 'COLOUR_TWO'), readVariable(program.pid, 'COL')]).toEqual(['blue', 'red', undefined]);
  });

  it('tells "cannot be read" from "not there"', () => {
    expect(readVariable(NOBODY, 'PATH')).toBe('');
  });
});

describe.skipIf(!hasProc())('allPids', () => {
  it('lists this process and its parent, as numbers', () => {
    expect(allPids()).toEqual(expect.arrayContaining([process.pid, process.ppid]));
  });
});
