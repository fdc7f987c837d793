import { TaskSystemError } from './Errors.ts';

/** 1 to 128 characters, none of them a control character, half of a surrogate pair, a slash or a backslash. */
const NAME = /^[^\p{Cc}\p{Cs}/\\]{1,128}$/u;

/** Whether a value can name a project (or a task type). Such a name is safe as part of a path and of a topic. */
export function isProjectName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value) && value !== '.' && value !== '..';
}

/**
 * Passes when a value can name a project.
 * @throws TaskSystemError `PROJECT_NAME_INVALID` otherwise.
 */
export function assertProjectName(value: unknown): asserts value is string {
  if (isProjectName(value)) return;
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 140)) : `a value of type ${typeof value}`;
  throw new TaskSystemError('PROJECT_NAME_INVALID', `got ${shown}`, { path: 'project' });
}
