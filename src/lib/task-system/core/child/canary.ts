import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import type { CanaryFacts } from '../../policy/sandbox/canaryFacts.ts';
import type { CanaryOrder } from '../../policy/sandbox/CanaryOrder.ts';
import { closeForeignDescriptors, foreignDescriptors } from '../descriptors.ts';

/** Tries what a task must not be able to do, as a task at the same level would, and says how it went. */
export async function tryEverything(order: CanaryOrder, entry: string): Promise<CanaryFacts> {
  closeForeignDescriptors();
  const status = readText('/proc/self/status');
  return {
    writesWorkspace: succeeds(() => { writeFileSync(join(order.workspace, 'canary'), 'sings'); }),
    cannotReadOutside: !succeeds(() => { readFileSync(order.outside); }),
    cannotWriteOutside: !succeeds(() => { writeFileSync(join(dirname(order.outside), 'canary'), ''); }),
    cannotWriteLibrary: !succeeds(() => { closeSync(openSync(entry, 'r+')); }),
    cannotWriteKernelSettings: !succeeds(() => { closeSync(openSync('/proc/sys/kernel/core_pattern', 'r+')); }),
    hasOwnProcesses: isOwn('pid', order),
    hasOwnNetwork: isOwn('net', order),
    hasFilter: /^Seccomp:\s*2$/m.test(status),
    cannotOpenUnixSocket: await refusesUnixSockets(order.workspace),
    cannotGainRights: /^NoNewPrivs:\s*1$/m.test(status) && /^CapEff:\s*0+$/m.test(status) && /^CapPrm:\s*0+$/m.test(status),
    isNotRoot: process.getuid?.() !== 0,
    cannotStartPrograms: refusesPrograms(),
    hasNoForeignDescriptors: foreignDescriptors().length === 0,
  };
}

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isOwn(namespace: string, { namespaces }: CanaryOrder): boolean {
  try {
    const name = readlinkSync(`/proc/self/ns/${namespace}`);
    return namespaces[namespace] !== undefined && name !== namespaces[namespace];
  } catch {
    return false;
  }
}

/** There is nobody behind the path: a socket that can be opened fails with ENOENT, one that cannot with something else. */
async function refusesUnixSockets(workspace: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  try {
    createConnection(join(workspace, 'nobody')).once('error', (error) => { resolve(!('code' in error) || error.code !== 'ENOENT'); });
  } catch {
    resolve(true);
  }
  return promise;
}

/** There is no such program: where one may be started it fails with ENOENT. */
function refusesPrograms(): boolean {
  try {
    const { error } = spawnSync('/nonexistent/program');
    return error === undefined || !('code' in error) || error.code !== 'ENOENT';
  } catch {
    return true;
  }
}
