import { existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** What every task may see of the host's environment; anything else is named in `sandbox.env`. None of these holds a secret. */
const BASE_NAMES = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'SystemRoot'] as const;

/** Names the library never passes on: they would let the host's settings change how Node starts. */
const NEVER = ['NODE_OPTIONS', 'NODE_PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'DYLD_LIBRARY_PATH'];

/** The environment of a child process: an allow-list of the host's, plus the marks by which the host finds its processes. */
export function childEnvironment(allowed: readonly string[], marks: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of [...BASE_NAMES, ...allowed]) {
    const value = Object.hasOwn(process.env, name) ? process.env[name] : undefined;
    if (value !== undefined && !NEVER.includes(name.toUpperCase())) environment[name] = value;
  }
  return { ...environment, ...marks };
}

/** The path of a program that is installed, by the host's PATH; undefined when it is not. Only absolute folders count. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  return [...folders, '/usr/bin', '/bin'].map((folder) => join(folder, name)).find(existsSync);
}
