import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import { handler, isRunning, logged, openSystem, processesIn, temporaryDirectory, testOptions } from './support.ts';

const probe = await hasKernelLevel();
if (!probe) process.stdout.write('SKIPPED: the kernel level cannot be had on this machine; its tests are left out\n');

/** What a hostile handler got through with, by what it tried. */
async function escapesAt(level: IsolationLevel): Promise<{ readonly seen: JsonValue; readonly isolation: unknown; readonly folder: string }> {
  const folder = temporaryDirectory();
  const app = join(folder, 'app');
  mkdirSync(app);
  copyFileSync(fileURLToPath(handler('escapes.mjs')), join(app, 'escapes.mjs'));
  writeFileSync(join(app, '.env'), 'TOKEN=hush');
  writeFileSync(join(folder, 'outside'), 'hush', { mode: 0o666 });
  const server = createServer((socket) => { socket.destroy(); }).listen(0, '127.0.0.1');
  onTestFinished(() => { server.close(); });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port ?? 0 : 0;
  const root = join(folder, 'root');
  const system = await openSystem({ ...testOptions({}), root, tasks: { escapes: { module: join(app, 'escapes.mjs') } }, sandbox: { level } });
  const handle = await system.submit({ type: 'escapes', input: { outside: join(folder, 'outside'), secret: join(app, '.env'), root, hostPid: process.pid, port } });
  const seen = await handle.result();
  return { seen, isolation: (await system.get(handle.id))?.isolation, folder };
}

async function hasKernelLevel(): Promise<boolean> {
  const { spawn } = await import('node:child_process');
  const { probeLevel } = await import('../../src/lib/task-system/policy/sandbox/probe.ts');
  const { systemClock } = await import('../../src/lib/task-system/types/Ports.ts');
  const { CHILD_ENTRY } = await import('./support.ts');
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const root = mkdtempSync(join(tmpdir(), 'task-system-probe-'));
  try {
    return (await probeLevel('kernel', { entry: CHILD_ENTRY, root, spawn, clock: systemClock })).available;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe.skipIf(!probe)('isolation at the level "kernel"', () => {
  it('lets nothing through that leads out of the workspace', async () => {
    const { seen, isolation, folder } = await escapesAt('kernel');
    const { 'write the workspace': own, 'start a program': program, ...rest }: Record<string, unknown> = Object(seen);
    expect([own, program]).toEqual(['got through', 'got through']);
    expect(Object.entries(rest).filter(([, outcome]) => outcome === 'got through')).toEqual([]);
    expect(isolation).toMatchObject({ level: 'kernel', dimensions: { files: 'enforced', network: 'enforced', processTree: 'enforced', systemCalls: 'enforced' } });
    expect(existsSync(join(folder, 'outside.new'))).toBe(false);
  });

  it('leaves no process behind when a task is killed, nor when it ends', async () => {
    const options = testOptions({ 'leaves-grandchild.mjs': { stopGraceMs: 0, sandbox: { level: 'kernel' } } }, { queue: { spares: 0 } });
    const system = await openSystem(options);
    const handle = await system.submit({ type: 'leaves-grandchild', input: { holdsOutput: true, thenHang: true } });
    await logged(system, handle.id, /^\d+$/);
    const alive = processesIn(options.root);
    expect(alive.length).toBeGreaterThanOrEqual(3);
    await handle.cancel();
    expect(alive.filter(isRunning)).toEqual([]);
    await (await system.submit({ type: 'leaves-grandchild', input: { holdsOutput: false } })).result();
    expect(processesIn(options.root)).toEqual([]);
  });

  it('says by which signal a task ended', async () => {
    const system = await openSystem(testOptions({ 'dies-on-import.mjs': { sandbox: { level: 'kernel' } } }));
    await expect((await system.submit({ type: 'dies-on-import' })).result()).rejects.toMatchObject({ code: 'TASK_CRASHED', details: { signal: 'SIGKILL', exitCode: null } });
  });
});

describe('isolation at the level "permission-model"', () => {
  it('keeps mistakes in, and has the leaks that are known of it', async () => {
    const { seen, isolation } = await escapesAt('permission-model');
    expect(seen).toMatchObject({
      'write the workspace': 'got through',
      'read /etc/passwd': 'ERR_ACCESS_DENIED', 'read a file of the host': 'ERR_ACCESS_DENIED', 'read it through /proc/self/root': 'ERR_ACCESS_DENIED',
      'write beside it': 'ERR_ACCESS_DENIED', 'write the handler': 'ERR_ACCESS_DENIED', 'write /usr': 'ERR_ACCESS_DENIED', 'see the database': 'ERR_ACCESS_DENIED',
      'start a program': 'ERR_ACCESS_DENIED', 'open the file with SQLite': 'NO_MODULE',
      // Known leaks: the network and the host's processes.
      'signal the host': 'got through', 'reach the loopback of the host': 'got through',
    });
    expect(isolation).toMatchObject({ level: 'permission-model', dimensions: { files: 'guarded', network: 'open' } });
  });
});

describe('isolation at the level "process"', () => {
  it('has the leaks that are known of it', async () => {
    const { seen, isolation } = await escapesAt('process');
    expect(seen).toMatchObject({
      'read a file of the host': 'got through', 'write beside it': 'got through', 'read a secret beside the handler': 'got through',
      'see the database': 'got through', 'signal the host': 'got through', 'start a program': 'got through', 'reach the loopback of the host': 'got through',
    });
    expect(isolation).toMatchObject({ level: 'process', dimensions: { files: 'open' } });
  });
});
