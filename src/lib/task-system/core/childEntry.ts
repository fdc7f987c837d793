import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The script that a child process runs. From source it is the TypeScript file itself; in the package it is one bundled
 * CommonJS file beside the entry points, because that starts fastest.
 */
export function childEntryPath(): string {
  const file = import.meta.url.endsWith('.ts') ? './child/entry.ts' : './child.cjs';
  return fileURLToPath(new URL(file, import.meta.url));
}

/** The program by which a child calls the models of its host: loaded by it with the first call. */
export function modelProgramPath(): string {
  const file = import.meta.url.endsWith('.ts') ? '../models/client/ModelClient.ts' : './models.cjs';
  return fileURLToPath(new URL(file, import.meta.url));
}

/** The program by which a child builds its context: loaded by it when it is first needed, and not before. */
export function contextProgramPath(): string {
  const file = import.meta.url.endsWith('.ts') ? '../context/ContextBuilder.ts' : './context.cjs';
  return fileURLToPath(new URL(file, import.meta.url));
}

/** The program that gives a child its way to the network: loaded first, where its task may reach some hosts. @param entry the script that the child runs. */
export function networkProgramOf(entry: string): string {
  return join(dirname(entry), entry.endsWith('.ts') ? 'network/program.ts' : 'network.cjs');
}

/** The program by which a canary tries what a task must not be able to do: loaded by canaries alone. */
export function canaryProgramPath(): string {
  const file = import.meta.url.endsWith('.ts') ? './child/canary.ts' : './canary.cjs';
  return fileURLToPath(new URL(file, import.meta.url));
}

/** The program of the tools: loaded by a child when its handler first uses one, and not before. */
export function toolsProgramPath(): string {
  const file = import.meta.url.endsWith('.ts') ? '../tools/program.ts' : './tools.cjs';
  return fileURLToPath(new URL(file, import.meta.url));
}
