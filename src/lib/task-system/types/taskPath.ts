import type { JsonValue } from './Json.ts';

/** A path of a task, taken apart: below its workspace, or below the directory of its project. */
export interface TaskPath {
  readonly inProject: boolean;
  readonly names: readonly string[];
}

/** What stands before a path below the directory of the project. */
const PROJECT_PREFIX = 'project:';

/** The names of a path, or why it is refused: it must say by itself that it stays where it may be. */
export function readTaskPath(value: JsonValue | undefined): TaskPath | string {
  if (typeof value !== 'string' || value.includes('\0')) return 'a path is not a text';
  const inProject = value.startsWith(PROJECT_PREFIX);
  const path = inProject ? value.slice(PROJECT_PREFIX.length) : value;
  if (/^(?:[/\\~]|[a-zA-Z]:)/.test(path)) return `${JSON.stringify(value)} is not relative to the workspace`;
  if (path.includes('\\')) return `${JSON.stringify(value)} has a backslash`;
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..' && names.pop() === undefined) return `${JSON.stringify(value)} leads out of the workspace`;
    if (name !== '' && name !== '.' && name !== '..') names.push(name);
  }
  return { inProject, names };
}
