import { basename } from 'node:path';

/** Where Node reads compiled code from, before it loads its program. */
export const COMPILE_CACHE_VARIABLE = 'NODE_COMPILE_CACHE';

/** The name of the folder by which a process knows the cache of its host. */
export const COMPILE_CACHE_NAME = 'task-system-compiled';

/** Takes the cache of the host out of the environment: what the process starts has no use for it. One that the app itself asked for stays. */
export function forgetCompileCache(env: NodeJS.ProcessEnv): void {
  if (basename(env[COMPILE_CACHE_VARIABLE] ?? '') === COMPILE_CACHE_NAME) Reflect.deleteProperty(env, COMPILE_CACHE_VARIABLE);
}
