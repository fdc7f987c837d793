import { randomUUID } from 'node:crypto';
import { chownSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serializeError } from '../../types/Errors.ts';
import type { IsolationLevel, LevelReport, SandboxProblem } from '../../types/Isolation.ts';
import type { Clock, ProcessSpawner } from '../../types/Ports.ts';
import { planLaunch } from '../Sandbox.ts';
import { canaryFactsSchema, type CanaryFacts } from './canaryFacts.ts';
import { CANARY_COMMAND, type CanaryOrder } from './CanaryOrder.ts';
import { Groundwork } from './Groundwork.ts';
import { isolationOf, NO_ISOLATION } from './isolation.ts';
import { lookAround, type Machine } from './Machine.ts';
import { FIRST_OWNER } from './owners.ts';
import { explainFact, missingParts, explainFailure } from './problems.ts';
import { viewOf } from './SandboxView.ts';
import { spawnPlan } from './spawnPlan.ts';

/** A canary takes some 100 ms; on a machine that is busy with other things, very much longer. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 65_536;

/** What must hold at each level. What is not named may be otherwise: the level does not promise it. */
const PROMISED: Readonly<Record<IsolationLevel, readonly (keyof CanaryFacts)[]>> = {
  kernel: [
    'writesWorkspace', 'cannotReadOutside', 'cannotWriteOutside', 'cannotWriteLibrary', 'cannotWriteKernelSettings', 'hasOwnProcesses', 'hasOwnNetwork',
    'hasFilter', 'cannotOpenUnixSocket', 'cannotGainRights', 'isNotRoot', 'hasNoForeignDescriptors',
  ],
  'permission-model': ['writesWorkspace', 'cannotReadOutside', 'cannotWriteOutside', 'cannotWriteLibrary', 'cannotStartPrograms'],
  process: ['writesWorkspace'],
};

/** What a probe works with. */
export interface ProbePorts {
  /** Absolute path of the child's entry script. */
  readonly entry: string;
  /** A directory that the host may write; what is made there is removed again. */
  readonly root: string;
  readonly spawn: ProcessSpawner;
  readonly clock: Clock;
}

/** Starts a canary at a level and tells what it found. Versions and settings of the system are not asked: they say little. */
export async function probeLevel(level: IsolationLevel, ports: ProbePorts, machine: Machine = lookAround()): Promise<LevelReport> {
  const problems = level === 'kernel' ? missingParts(machine) : [];
  const found = problems.length > 0 ? problems : await problemsOf(level, ports, machine);
  const available = found.length === 0;
  return { level, available, dimensions: available ? isolationOf(level).dimensions : NO_ISOLATION, problems: found };
}

async function problemsOf(level: IsolationLevel, ports: ProbePorts, machine: Machine): Promise<readonly SandboxProblem[]> {
  const nest = join(ports.root, `.canary-${randomUUID()}`);
  try {
    const { facts, said } = await sing(level, ports, machine, nest);
    if (facts === undefined) return [explainFailure(level, said, machine)];
    return PROMISED[level].filter((fact) => !facts[fact]).map((fact) => explainFact(level, fact));
  } catch (error) {
    return [explainFailure(level, serializeError(error).message, machine)];
  } finally {
    rmSync(nest, { recursive: true, force: true });
  }
}

async function sing(level: IsolationLevel, { entry, root, spawn, clock }: ProbePorts, machine: Machine, nest: string): Promise<{ readonly facts?: CanaryFacts; readonly said: string }> {
  const directory = join(nest, 'workspace');
  const outside = join(nest, 'outside', 'secret');
  mkdirSync(directory, { recursive: true });
  mkdirSync(join(nest, 'outside'));
  writeFileSync(outside, 'nobody must read this', { mode: 0o666 });
  const owner = machine.isRoot && level === 'kernel' ? FIRST_OWNER : undefined;
  if (owner !== undefined) chownSync(directory, owner, owner);
  const order: CanaryOrder = { workspace: level === 'kernel' ? '/workspace' : directory, outside, namespaces: namespaces() };
  const plan = planLaunch({
    kind: { level, view: viewOf({ entry, root }), unixSockets: false, env: {} },
    entry, entryArguments: [CANARY_COMMAND, JSON.stringify(order)], directory, groundwork: new Groundwork(join(nest, 'ground')), rootMark: 'canary', hostId: 'canary', processId: randomUUID(), env: [], niceness: 0,
    ...(owner === undefined ? {} : { owner }),
  }, machine);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const child = spawnPlan(plan, spawn);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => { output[name] = (output[name] + chunk.toString()).slice(0, MAX_OUTPUT); });
  }
  const timer = clock.setTimer(TIMEOUT_MS, () => { child.kill('SIGKILL'); });
  child.once('error', (error) => { output.stderr += error.message; resolve(undefined); }).once('close', () => { resolve(undefined); });
  await promise;
  timer.cancel();
  const facts = readFacts(output.stdout);
  return facts === undefined ? { said: output.stderr.trim() } : { facts, said: '' };
}

function readFacts(text: string): CanaryFacts | undefined {
  try {
    return canaryFactsSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function namespaces(): Record<string, string> {
  try {
    return { pid: readlinkSync('/proc/self/ns/pid'), net: readlinkSync('/proc/self/ns/net') };
  } catch {
    return {};
  }
}
