import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TaskSystemError } from '../../types/Errors.ts';
import type { TaskDefinition } from '../../types/Handler.ts';
import { messageOf } from '../../types/messageOf.ts';

/** What V8 and Node say when two modules do not fit together; each of them can be parsed. */
const LINK_PROBLEM = /^(The requested module|Named export) /;
const SYNTAX_CODES = ['ERR_INVALID_TYPESCRIPT_SYNTAX', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'];

/**
 * Imports a handler module and returns its definition.
 * @throws TaskSystemError `HANDLER_NOT_FOUND`, `HANDLER_SYNTAX`, `HANDLER_IMPORT_FAILED` or `HANDLER_NO_DEFAULT`.
 */
export async function loadHandler(moduleUrl: string): Promise<TaskDefinition> {
  const path = moduleUrl.startsWith('file:') ? fileURLToPath(moduleUrl) : moduleUrl;
  let loaded: object;
  try {
    // Of what is surely CommonJS nobody needs the loader of ES modules, which costs a new process more than most handlers.
    loaded = path.endsWith('.cjs') ? { default: requireModule(path) } : await importModule(moduleUrl);
  } catch (error) {
    throw explainImportError(error, moduleUrl, path);
  }
  const definition = findDefinition(loaded);
  if (definition !== undefined) return definition;
  const names = Object.keys(loaded).join(', ');
  throw new TaskSystemError('HANDLER_NO_DEFAULT', `${path} exports ${names === '' ? 'nothing' : names}`, { path });
}

const importModule: (url: string) => Promise<object> = (url) => import(url);

const requireModule: (path: string) => unknown = (path) => createRequire(path)(path);

/** Looks at the default export; a CommonJS module that was compiled from an ES module has it one level deeper. */
function findDefinition(loaded: object, depth = 0): TaskDefinition | undefined {
  if (!('default' in loaded) || depth > 1) return undefined;
  const candidate = loaded.default;
  if (isDefinition(candidate)) return candidate;
  return typeof candidate === 'object' && candidate !== null ? findDefinition(candidate, depth + 1) : undefined;
}

function isDefinition(value: unknown): value is TaskDefinition {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}

function explainImportError(error: unknown, moduleUrl: string, path: string): TaskSystemError {
  const code = readText(error, 'code');
  if ((code === 'ERR_MODULE_NOT_FOUND' && readText(error, 'url') === moduleUrl) || (code === 'MODULE_NOT_FOUND' && !existsSync(path))) {
    return new TaskSystemError('HANDLER_NOT_FOUND', `No file at ${path}`, { path }, { cause: error });
  }
  if (isParseError(error) || (code !== undefined && SYNTAX_CODES.includes(code))) {
    return new TaskSystemError('HANDLER_SYNTAX', `${path}: ${firstLine(error)}`, { path }, { cause: error });
  }
  return new TaskSystemError('HANDLER_IMPORT_FAILED', `${path}: ${firstLine(error)}`, { path }, { cause: error });
}

/** A SyntaxError that a parser of Node raised; one that user code raised (JSON.parse at top level) has a user frame first. */
function isParseError(error: unknown): boolean {
  if (!(error instanceof SyntaxError) || LINK_PROBLEM.test(error.message)) return false;
  const frame = /\n\s+at .*/.exec(error.stack ?? '')?.[0] ?? 'node:internal';
  return frame.includes('node:internal');
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0] ?? '';
}

function readText(source: unknown, key: string): string | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const value: unknown = Reflect.get(source, key);
  return typeof value === 'string' ? value : undefined;
}
