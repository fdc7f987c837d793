import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LaunchPlan } from '../../../src/lib/task-system/policy/sandbox/LaunchPlan.ts';
import { FIRST_INPUT_FD, spawnPlan } from '../../../src/lib/task-system/policy/sandbox/spawnPlan.ts';
import type { ProcessSpawner } from '../../../src/lib/task-system/types/Ports.ts';

const plan: LaunchPlan = { command: '/bin/sh', args: ['-c', `cat <&${String(FIRST_INPUT_FD)}`], env: { ONLY: 'this', PATH: '/usr/bin:/bin' }, cwd: '/', niceness: 0 };

/** Files with some texts. */
function filesWith(...texts: readonly string[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'inputs-'));
  onTestFinished(() => { rmSync(directory, { recursive: true }); });
  return texts.map((text, index) => {
    const path = join(directory, String(index));
    writeFileSync(path, text);
    return path;
  });
}

/** Starts for real, and remembers with what. */
function recording(): ProcessSpawner & { readonly options: readonly SpawnOptions[] } {
  const options: SpawnOptions[] = [];
  const start: ProcessSpawner = (command, args, given) => {
    options.push(given);
    return spawn(command, args, given);
  };
  return Object.assign(start, { options });
}

async function output(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const chunks: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => { chunks.push(chunk.toString()); });
  child.once('close', () => { resolve(chunks.join('')); });
  return promise;
}

describe('spawnPlan', () => {
  it('hands inputs over by descriptors, from the one behind the channel on', async () => {
    const both = { ...plan, args: ['-c', `cat <&${String(FIRST_INPUT_FD)}; cat <&${String(FIRST_INPUT_FD + 1)}`], inputs: filesWith('first', 'second') };
    await expect(output(spawnPlan(both, recording()))).resolves.toBe('firstsecond');
  });

  it('lets each process read an input from its beginning, also while others do', async () => {
    const text = 'x'.repeat(300_000);
    const fed = { ...plan, inputs: filesWith(text) };
    const outputs = await Promise.all([1, 2, 3].map(() => output(spawnPlan(fed, recording()))));
    expect(outputs.map(({ length }) => length)).toEqual([text.length, text.length, text.length]);
  });

  it('lets nobody write an input', async () => {
    const [path = ''] = filesWith('kept');
    const told = await output(spawnPlan({ ...plan, args: ['-c', `(echo more >&${String(FIRST_INPUT_FD)}) 2>/dev/null || echo refused; cat <&${String(FIRST_INPUT_FD)}`], inputs: [path] }, recording()));
    expect(told).toBe('refused\nkept');
  });

  it('says which input is not there, and starts nothing', () => {
    const start = recording();
    expect(() => spawnPlan({ ...plan, inputs: [...filesWith('there'), '/nonexistent/input'] }, start)).toThrow(/ENOENT.*\/nonexistent\/input/);
    expect(start.options).toEqual([]);
  });

  it.runIf(existsSync('/proc/self/fd'))('keeps no input open itself, whether the process could be started or not', async () => {
    const inputs = filesWith('first', 'second');
    const open = (): readonly string[] => readdirSync('/proc/self/fd').filter((fd) => Number(fd) > 2);
    const before = open().length;
    const failed = spawnPlan({ ...plan, command: '/nonexistent/program', inputs }, recording());
    const { promise, resolve } = Promise.withResolvers<unknown>();
    failed.once('error', resolve);
    await promise;
    expect(() => spawnPlan({ ...plan, inputs: [...inputs, '/nonexistent/input'] }, recording())).toThrow('ENOENT');
    await output(spawnPlan({ ...plan, inputs }, recording()));
    expect(open().length).toBeLessThanOrEqual(before);
  });

  it('gives the process its environment and nothing of the host', async () => {
    await expect(output(spawnPlan({ ...plan, command: '/usr/bin/env', args: [] }, recording()))).resolves.toBe('ONLY=this\nPATH=/usr/bin:/bin\n');
  });

  const limits = { program: '/usr/bin/prlimit', args: ['--core=0', '--nofile=77'], areShared: true };

  it.runIf(existsSync(limits.program))('limits the process before its program is loaded', async () => {
    await expect(output(spawnPlan({ ...plan, args: ['-c', 'ulimit -n; ulimit -c'], limits }, recording()))).resolves.toBe('77\n0\n');
  });

  it('leaves that to whoever has the limits already', async () => {
    const start = recording();
    const child = spawnPlan({ ...plan, args: ['-c', 'echo plain'], limits }, start, undefined, true);
    await expect(output(child)).resolves.toBe('plain\n');
    expect(child.spawnargs).toEqual(['/bin/sh', '-c', 'echo plain']);
  });

  it('starts it in its directory', async () => {
    await expect(output(spawnPlan({ ...plan, command: '/bin/pwd', args: [], cwd: '/usr' }, recording()))).resolves.toBe('/usr\n');
  });

  it('makes it the leader of a process group, without input', async () => {
    const start = recording();
    await output(spawnPlan({ ...plan, command: '/bin/true' }, start));
    expect(start.options[0]).toMatchObject({ detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  });

  it('takes descriptors that are there already for its outputs and the channel', async () => {
    const start = recording();
    await output(spawnPlan({ ...plan, command: '/bin/true' }, start, [1, 2, 'pipe']));
    expect(start.options[0]?.stdio).toEqual(['ignore', 1, 2, 'pipe']);
  });

  it('leaves the trouble of one that cannot be started to who listens for it', async () => {
    const child = spawnPlan({ ...plan, command: '/nonexistent/program', inputs: filesWith('x') }, recording());
    const { promise, resolve } = Promise.withResolvers<unknown>();
    child.once('error', resolve);
    await expect(promise).resolves.toMatchObject({ code: 'ENOENT' });
  });
});
