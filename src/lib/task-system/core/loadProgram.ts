/**
 * Loads a program of the library by its path, in the process of a task. Not an import: nothing of it may be read before it is needed,
 * and who needs it cannot wait.
 */
export function loadProgram(path: string): unknown {
  const { createRequire } = process.getBuiltinModule('node:module');
  const loaded: unknown = createRequire(path)(path);
  return loaded;
}
