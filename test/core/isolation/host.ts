/**
 * A host of its own that lets hostile tasks loose at one level of isolation and prints, as JSON, how each case ended. It is a program,
 * so that it can be started with open files, variables and a user of its own. Usage: node host.ts <level> <scenario id …>
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { homedir, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createTaskSystem, ISOLATION_LEVELS, type IsolationLevel, type JsonValue, type TaskSystem } from 'task-system';
import * as z from 'zod';
import { MARKS, rootMarkOf } from '../../../src/lib/task-system/policy/Sandbox.ts';
import { letLoose, typesOf } from './hostile.ts';
import { carries, listProcesses, openDescriptors, reaped, zombiesOf } from './processes.ts';
import { REGISTERED, SCENARIOS, type Scenario } from './scenarios.ts';

/** What the host itself may have opened at the end that it had not at the beginning. */
const OWN_DESCRIPTORS = 20;
const CONCURRENCY = 3;
const ignore = (): void => undefined;

const [, , level = '', ...chosen] = process.argv;
// Not below /tmp: tasks have one of their own, and what they write there proves nothing.
const folder = mkdtempSync('/var/tmp/task-system-isolation-');
const servers: Server[] = [];
const descriptors = openDescriptors();
try {
  process.stdout.write(JSON.stringify(await runAt(level)));
} finally {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
}

async function runAt(name: string): Promise<Readonly<Record<string, string>>> {
  if (!isLevel(name)) throw new Error(`there is no level ${name}`);
  const app = layOut();
  const root = join(folder, 'root');
  const scenarios = SCENARIOS.filter(({ id }) => chosen.length === 0 || chosen.includes(id));
  const system = await createTaskSystem({
    root, secrets: [REGISTERED], tasks: { probes: { module: join(app, 'probes.mjs') }, ...typesOf(scenarios, app, name) },
    sandbox: { level: name, env: ['NODE_OPTIONS', 'LD_PRELOAD', 'NODE_PATH'] }, queue: { maxConcurrent: CONCURRENCY, spares: 0 },
    workspaces: { keepFailedMs: 0 }, logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  const outcomes = { ...await runProbes(system, app, root), ...await runScenarios(system, scenarios) };
  await system.close({ graceMs: 0 });
  await reaped();
  return { ...outcomes, ...afterwards(root), isolation: outcomes['isolation'] ?? '' };
}

/** The handler's folder as an app has it, with what should be safe in it, and a file of the host beside it. */
function layOut(): string {
  chmodSync(folder, 0o777);
  const app = join(folder, 'app');
  cpSync(join(import.meta.dirname, 'app'), app, { recursive: true });
  for (const name of ['.env', '.ENV']) writeFileSync(join(app, name), 'TOKEN=hush');
  mkdirSync(join(app, '.git/hooks'), { recursive: true });
  writeFileSync(join(app, '.git/config'), '[core]\n');
  writeFileSync(join(folder, 'outside'), 'hush');
  chmodSync(join(folder, 'outside'), 0o666);
  return app;
}

async function runProbes(system: TaskSystem, app: string, root: string): Promise<Readonly<Record<string, string>>> {
  const neighbour = join(root, 'workspaces/neighbour/notes');
  mkdirSync(join(root, 'workspaces/neighbour'), { recursive: true });
  writeFileSync(neighbour, 'hush');
  const server = await listen({ host: '127.0.0.1', port: 0 });
  const address = server.address();
  const abstractSocket = `\0task-system-test-${String(process.pid)}`;
  const socketPath = join(app, 'socket');
  await listen({ path: abstractSocket });
  await listen({ path: socketPath });
  chmodSync(socketPath, 0o777);
  const input = {
    outside: join(folder, 'outside'), neighbour, app, root, hostPid: process.pid, hostHome: homedir(), abstractSocket, socketPath,
    port: typeof address === 'object' ? address?.port ?? 0 : 0, interfaces: Object.keys(networkInterfaces()).sort(),
  };
  const handle = await system.submit({ type: 'probes', input });
  const planting = setInterval(() => { plant(join(root, 'workspaces')); }, 5);
  try {
    const result = await handle.result();
    const isolation = (await system.get(handle.id))?.isolation?.level ?? '';
    return { ...wordsOf(result), isolation };
  } finally {
    clearInterval(planting);
  }
}

/** What somebody else may have left in the workspace before the task looks: a link that leads out of it. */
function plant(workspaces: string): void {
  for (const name of readdirSync(workspaces)) {
    const directory = join(workspaces, name);
    if (!existsSync(join(directory, 'plant-here')) || existsSync(join(directory, 'planted'))) continue;
    symlinkSync(join(folder, 'outside'), join(directory, 'planted-link'));
    writeFileSync(join(directory, 'planted'), '');
  }
}

async function runScenarios(system: TaskSystem, scenarios: readonly Scenario[]): Promise<Readonly<Record<string, string>>> {
  const outcomes = await Promise.all(scenarios.map(async (scenario): Promise<[string, string]> => [scenario.id, await letLoose(system, scenario)]));
  return Object.fromEntries(outcomes);
}

/** What is left of all tasks together, by the word of the operating system. */
function afterwards(root: string): Readonly<Record<string, string>> {
  const alive = listProcesses().filter((pid) => carries(pid, `${MARKS.root}=${rootMarkOf(root)}`));
  const zombies = zombiesOf(process.pid);
  const names = (found: readonly unknown[], word: string): string => (found.length === 0 ? word : `LEFT_${String(found.length)}`);
  const planted = readdirSync(folder).filter((name) => name.startsWith('outside.'));
  return {
    'nothing runs': names(alive, 'GONE'), 'no zombies': names(zombies, 'GONE'), planted: planted.sort().join(' '),
    'no workspaces': names(readdirSync(join(root, 'workspaces')).filter((name) => name !== 'neighbour'), 'REMOVED'),
    'no descriptors': openDescriptors() - descriptors < OWN_DESCRIPTORS ? 'CLOSED' : `LEFT_${String(openDescriptors() - descriptors)}`,
    'no pollution': 'polluted' in {} ? 'POLLUTED' : 'CLEAN',
  };
}

async function listen(where: { readonly host: string; readonly port: number } | { readonly path: string }): Promise<Server> {
  const server = createServer((socket) => { socket.destroy(); }).listen(where);
  servers.push(server);
  await once(server, 'listening');
  return server;
}

function wordsOf(result: JsonValue): Readonly<Record<string, string>> {
  return z.record(z.string(), z.string()).parse(result);
}

function isLevel(name: string): name is IsolationLevel {
  return ISOLATION_LEVELS.some((known) => known === name);
}
