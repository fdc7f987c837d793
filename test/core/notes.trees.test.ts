import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isTerminalEvent } from '../../src/lib/task-system/types/Events.ts';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import { nextEvent, openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';

const PROCESS = { sandbox: { level: 'process' }, stopGraceMs: 0 } as const;

interface Ground {
  readonly root: string;
  readonly project: string;
  readonly gate: string;
  readonly open: () => Promise<TaskSystem>;
  readonly memory: () => string;
}

function setUp(): Ground {
  const [root, project, gates] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
  return {
    root, project, gate: join(gates, 'open'),
    open: () => openSystem({ ...testOptions({ 'notes-and-waits.mjs': PROCESS, 'gate.mjs': PROCESS }, { projects: { acme: { dir: project } } }), root }),
    memory: () => (existsSync(join(project, 'MEMORY.md')) ? readFileSync(join(project, 'MEMORY.md'), 'utf8') : ''),
  };
}

describe('what a parent notes that waits without a process', () => {
  it('is written when its last child has ended, and told as an event after its end', async () => {
    const { open, gate, memory } = setUp();
    const system = await open();
    const events = recordEvents(system);
    const told = nextEvent(system, 'task:memory');
    const waits = nextEvent(system, 'task:wait');
    const parent = await system.submit({ type: 'notes-and-waits', project: 'acme', input: { gate } });
    await waits;
    expect(memory()).toBe('');
    writeFileSync(gate, '');
    await expect(parent.result()).resolves.toBe('returned');
    expect((await told).data.added).toContain('Bees dance.');
    expect(memory()).toContain('Bees dance.');
    const own = events.filter(({ taskId, type }) => taskId === parent.id && type !== 'task:progress');
    expect(own.slice(own.findIndex(isTerminalEvent)).map(({ type }) => type)).toEqual(['task:complete', 'task:memory']);
  });

  it('survives the death of its host by SIGKILL', async () => {
    const { root, project, gate, open, memory } = setUp();
    const host = spawn(process.execPath, [new URL('./hosts/notes.mjs', import.meta.url).pathname, root, project, gate], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => { host.kill('SIGKILL'); });
    const [parentId] = await once(createInterface({ input: host.stdout }), 'line');
    const gone = once(host, 'exit');
    host.kill('SIGKILL');
    await gone;
    expect(memory()).toBe('');
    writeFileSync(gate, '');
    const system = await open();
    const told = nextEvent(system, 'task:memory', ({ taskId }) => taskId === parentId);
    await expect(system.handle(String(parentId)).result()).resolves.toBe('returned');
    await told;
    expect(memory().split('Bees dance.')).toHaveLength(2);
    await expect(system.get(String(parentId))).resolves.toMatchObject({ attempt: 1, interruptions: 0 });
  });
});
