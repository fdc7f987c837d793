import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Launched, Launcher } from '../../../src/lib/task-system/core/launch/Launcher.ts';
import { HelperLauncher } from '../../../src/lib/task-system/core/launch/HelperLauncher.ts';
import { isAlive } from '../../../src/lib/task-system/core/processTree.ts';
import type { LaunchLimits, LaunchPlan } from '../../../src/lib/task-system/policy/sandbox/LaunchPlan.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import { makeLogger } from '../makers.ts';
import { kill } from '../programs.ts';
import { temporaryDirectory } from '../support.ts';
import { turns, until } from '../until.ts';

/** Where everything is to be started by the helper. */
const NOBODY: Launcher = {
  open: () => Promise.resolve(),
  launch: () => { throw new TaskSystemError('TASK_CRASHED', 'started without the helper'); },
  close: () => Promise.resolve(),
};

/** @param program of a helper that misbehaves; none is the real one. */
async function openLauncher(direct: Launcher = NOBODY, logger = makeLogger(), program?: string): Promise<HelperLauncher> {
  const launcher = new HelperLauncher(direct, logger, program && fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url)));
  onTestFinished(() => launcher.close());
  await launcher.open(temporaryDirectory());
  return launcher;
}

function script(text: string, rest: Partial<LaunchPlan> = {}): LaunchPlan {
  return { command: '/bin/sh', args: ['-c', text], env: { PATH: '/usr/bin:/bin' }, cwd: '/', niceness: 0, ...rest };
}

/** A file with a text. */
function fileWith(text: string): string {
  const path = join(temporaryDirectory(), 'input');
  writeFileSync(path, text);
  return path;
}

/** Launches as soon as the helper has sockets again: one process after another can be faster than its stock. */
async function launchInTurn(launcher: Launcher, plan: LaunchPlan): Promise<Launched> {
  for (;;) {
    try {
      return launcher.launch(plan);
    } catch {
      await turns(1);
    }
  }
}

async function textOf(stream: Readable | null | undefined): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

/** Number of a process that the test ends. */
async function pidOf(launched: Launched): Promise<number> {
  await launched.started;
  const { pid } = launched;
  if (pid === undefined) throw new Error('not started');
  onTestFinished(() => { kill(-pid); });
  return pid;
}

describe.skipIf(process.platform !== 'linux')('HelperLauncher', () => {
  it('starts a process and tells how it ended', async () => {
    const launched = (await openLauncher()).launch(script('exit 7'));
    expect(launched.pid).toBeUndefined();
    expect(await pidOf(launched)).toBeGreaterThan(1);
    expect(await launched.exited).toEqual({ code: 7, signal: null });
  });

  it('tells which signal ended it', async () => {
    const launched = (await openLauncher()).launch(script('exec sleep 1000'));
    kill(await pidOf(launched));
    expect(await launched.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('keeps stdout, stderr and the channel apart', async () => {
    const { stdout, stderr, channel } = (await openLauncher()).launch(script('echo out; echo err >&2; echo channel >&3'));
    expect(await Promise.all([textOf(stdout), textOf(stderr), textOf(channel)])).toEqual(['out\n', 'err\n', 'channel\n']);
  });

  it('passes on what is written to the channel, also before the process is there', async () => {
    const { stdout, channel } = (await openLauncher()).launch(script('read -r line <&3; echo "heard $line"'));
    channel?.write('hello\n');
    expect(await textOf(stdout)).toBe('heard hello\n');
  });

  it('gives the process a channel on which it can wait by reading', async () => {
    const { stdout, channel } = (await openLauncher()).launch(script('echo waiting; read -r line <&3; echo "heard $line"'));
    const said: string[] = [];
    stdout?.on('data', (chunk) => { said.push(String(chunk)); });
    await until(() => said.join('') === 'waiting\n');
    // Had it been told that there is nothing, it would have heard that, and gone on.
    await turns(50);
    expect(said.join('')).toBe('waiting\n');
    channel?.write('hello\n');
    await until(() => said.join('') === 'waiting\nheard hello\n');
  });

  it('ends the streams with the process: nobody else holds the other ends', async () => {
    const { channel, exited } = (await openLauncher()).launch(script('exit 0'));
    channel?.resume();
    await Promise.all([exited, channel === undefined ? undefined : once(channel, 'end')]);
    expect(channel?.readableEnded).toBe(true);
  });

  it('lets the process write as to any pipe: what does not fit makes it wait, not fail', async () => {
    const { stdout } = (await openLauncher()).launch(script('head -c 3000000 /dev/zero && echo done'));
    expect((await textOf(stdout)).endsWith('done\n')).toBe(true);
  });

  it('starts it in its directory, with its environment and nothing of the host', async () => {
    const cwd = temporaryDirectory();
    const { stdout } = (await openLauncher()).launch(script('pwd; env | grep -v ^PWD | sort', { cwd, env: { PATH: '/bin:/usr/bin', MARK: 'x' } }));
    expect(await textOf(stdout)).toBe(`${cwd}\nMARK=x\nPATH=/bin:/usr/bin\n`);
  });

  it('makes it the leader of a group of its own, and as nice as it should be', async () => {
    const launched = (await openLauncher()).launch(script('ps -o pgid= -p $$; exec sleep 1000', { niceness: 3 }));
    const pid = await pidOf(launched);
    const [group]: unknown[] = launched.stdout === null ? [] : await once(launched.stdout, 'data');
    expect([Number(String(group)), getPriority(pid)]).toEqual([pid, getPriority() + 3]);
  });

  it('hands over inputs on the descriptors behind the channel', async () => {
    const { stdout } = (await openLauncher()).launch(script('cat <&4; cat <&5', { inputs: ['first ', 'second'].map(fileWith) }));
    expect(await textOf(stdout)).toBe('first second');
  });

  const limits: LaunchLimits = { program: '/usr/bin/prlimit', args: ['--core=0', '--nofile=77'], areShared: true };

  it.runIf(existsSync(limits.program))('takes limits on itself that all processes share, and passes them on without a program in between', async () => {
    const launcher = await openLauncher();
    const { stdout, exited } = launcher.launch(script('ulimit -n; grep "Max open files" /proc/$PPID/limits', { limits }));
    expect(await textOf(stdout)).toMatch(/^77\nMax open files +77 +77 /);
    await exited;
    // One that is not there would have to be started.
    const second = await launchInTurn(launcher, script('ulimit -n', { limits: { ...limits, program: '/nonexistent/prlimit' } }));
    expect(await textOf(second.stdout)).toBe('77\n');
  });

  it.runIf(existsSync(limits.program))('keeps away from limits that only some processes have', async () => {
    const { stdout } = (await openLauncher()).launch(script('ulimit -n; grep "Max open files" /proc/$PPID/limits', { limits: { ...limits, areShared: false } }));
    const [own, helpers] = (await textOf(stdout)).split('\n');
    expect(own).toBe('77');
    expect(helpers).not.toMatch(/^Max open files +77 /);
  });

  it('replaces a helper that has used much of its processor time, and lets the processes of the old one end in peace', async () => {
    const logger = makeLogger();
    const launcher = await openLauncher(NOBODY, logger, 'tiredHelper');
    const first = launcher.launch(script('echo $PPID'));
    // In the same turn: nobody else can have taken the place of the old helper yet.
    const longLived = launcher.launch(script('exec sleep 1000'));
    first.stdout?.setEncoding('utf8');
    const [old]: unknown[] = first.stdout === null ? [] : await once(first.stdout, 'data');
    const oldHelper = Number(old);
    let newHelper = oldHelper;
    const pid = await pidOf(longLived);
    while (newHelper === oldHelper) newHelper = Number(await textOf((await launchInTurn(launcher, script('echo $PPID'))).stdout));
    // The new one is tired after its first process as well, and may have gone.
    expect([isAlive(oldHelper), isAlive(pid)]).toEqual([true, true]);
    kill(pid);
    expect(await longLived.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await until(() => !isAlive(oldHelper));
    expect(logger.lines).toEqual([]);
  });

  it('lets a tired helper go also when no other can take its place, and starts without one', async () => {
    const logger = makeLogger();
    const directory = temporaryDirectory();
    const launcher = new HelperLauncher(NOBODY, logger, fileURLToPath(new URL('programs/tiredHelper.ts', import.meta.url)));
    onTestFinished(() => launcher.close());
    await launcher.open(directory);
    // Where the next one would have its sockets.
    mkdirSync(join(directory, '1'));
    const longLived = launcher.launch(script('echo $PPID; exec sleep 1000'));
    const [said]: unknown[] = longLived.stdout === null ? [] : await once(longLived.stdout, 'data');
    await until(() => logger.lines.length > 0);
    expect(logger.lines).toMatchObject([{ level: 'warn', details: { error: { code: 'EEXIST' } } }]);
    expect(() => launcher.launch(script('true'))).toThrow('started without the helper');
    expect(isAlive(Number(String(said)))).toBe(true);
    kill(await pidOf(longLived));
    await longLived.exited;
    await until(() => !isAlive(Number(String(said))));
  });

  it('says why a process cannot be started', async () => {
    const launched = (await openLauncher()).launch(script('', { command: '/nonexistent/program' }));
    await launched.started;
    expect(launched.pid).toBeUndefined();
    expect(await launched.exited).toMatchObject({ code: null, signal: null, error: { code: 'ENOENT' } });
  });

  it('leaves it to the other launcher before it is open, after it was closed, and when there are more than it is ready for', async () => {
    const started: LaunchPlan[] = [];
    const fake: Launched = { pid: undefined, isClean: false, started: Promise.resolve(), exited: Promise.resolve({ code: 0, signal: null }), stdout: null, stderr: null, channel: undefined };
    const direct = { ...NOBODY, launch: (plan: LaunchPlan) => { started.push(plan); return fake; } };
    const launcher = new HelperLauncher(direct, makeLogger());
    launcher.launch(script('before'));
    await launcher.open(temporaryDirectory());
    const many = Array.from({ length: 6 }, (_, index) => launcher.launch(script(`echo ${index}`)));
    await Promise.all(many.map(({ exited }) => exited));
    await launcher.close();
    launcher.launch(script('after'));
    expect(started.map(({ args }) => args[1])).toEqual(['before', 'echo 4', 'echo 5', 'after']);
  });

  it('says so, and starts without the helper, where it finds no room for its sockets', async () => {
    const logger = makeLogger();
    const launcher = new HelperLauncher(NOBODY, logger);
    await launcher.open(`/nonexistent/${randomUUID()}`);
    expect(() => launcher.launch(script('true'))).toThrow('started without the helper');
    expect(logger.lines).toMatchObject([{ level: 'warn', details: { error: { code: 'ENOENT' } } }]);
    await launcher.close();
  });

  it('ends what the helper had started when the helper is gone, and goes on without it', async () => {
    const logger = makeLogger();
    const launcher = await openLauncher(NOBODY, logger, 'fleetingHelper');
    const launched = launcher.launch(script('exec sleep 1000'));
    const pid = await pidOf(launched);
    expect(await launched.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await until(() => !isAlive(pid));
    expect(() => launcher.launch(script('true'))).toThrow('started without the helper');
    expect(logger.lines).toMatchObject([{ level: 'error', message: 'the helper that starts processes is gone' }]);
  });

  it('says of a process that the helper could not start any more that it crashed', async () => {
    const launched = (await openLauncher(NOBODY, makeLogger(), 'refusingHelper')).launch(script('exec sleep 1000'));
    await launched.started;
    expect(launched.pid).toBeUndefined();
    expect(await launched.exited).toMatchObject({ signal: 'SIGKILL', error: { code: 'TASK_CRASHED' } });
  });

  it('goes on without a helper that never comes up', async () => {
    const logger = makeLogger();
    const launcher = await openLauncher(NOBODY, logger, 'missing');
    expect(() => launcher.launch(script('true'))).toThrow('started without the helper');
    expect(logger.lines).toMatchObject([{ level: 'error', message: 'the helper that starts processes is gone' }]);
  });

  it('can be closed while it opens', async () => {
    const launcher = new HelperLauncher(NOBODY, makeLogger());
    const opening = launcher.open(temporaryDirectory());
    await launcher.close();
    await opening;
    expect(() => launcher.launch(script('true'))).toThrow('started without the helper');
  });

  it('has its helper end with it', async () => {
    const launcher = new HelperLauncher(NOBODY, makeLogger());
    await launcher.open(temporaryDirectory());
    const { pid, stdout } = launcher.launch(script('echo $PPID'));
    expect(pid).toBeUndefined();
    const helper = Number(await textOf(stdout));
    expect([isAlive(helper), helper === process.pid]).toEqual([true, false]);
    await launcher.close();
    expect(isAlive(helper)).toBe(false);
  });

  it('vouches for each process: it has closed what it was handed itself', async () => {
    const launched = (await openLauncher()).launch(script('true'));
    await launched.exited;
    expect(launched.isClean).toBe(true);
  });

  it('says what is not there when an input cannot be read', async () => {
    const launched = (await openLauncher()).launch(script('true', { inputs: ['/nonexistent/input'] }));
    expect((await launched.exited).error?.message).toContain('/nonexistent/input');
  });

  it('passes nothing on to a process that is not its own', async () => {
    const { stdout } = (await openLauncher()).launch(script('ls /proc/self/fd'));
    // The last one is that of the folder that is read.
    expect((await textOf(stdout)).trim().split('\n')).toEqual(['0', '1', '2', '3', '4']);
  });

  it('leaves no descriptor of an ended process open', async () => {
    const launcher = await openLauncher();
    const count = (): number => readdirSync('/proc/self/fd').length;
    // The helper itself and its stock of sockets may be on their way still: together fewer than one descriptor for each process.
    const rounds = 40;
    const before = count();
    for (let round = 0; round < rounds; round++) {
      const launched = await launchInTurn(launcher, script('exit 0'));
      for (const stream of [launched.stdout, launched.stderr, launched.channel]) stream?.resume();
      await launched.exited;
      await until(() => launched.channel?.destroyed === true && launched.stdout?.destroyed === true);
    }
    await until(() => count() < before + rounds);
    expect(count()).toBeLessThan(before + rounds);
  });
});
