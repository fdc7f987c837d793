import type { BuiltContext, StartContext } from '../types/Context.ts';
import { assembleContext } from './files/assemble.ts';
import { loadCounter } from './files/loadCounter.ts';

/** Builds the context of a task, in its own process: the tokenizer is loaded by the first call that has something to count. */
export function buildContext(start: StartContext): BuiltContext {
  return assembleContext(start, start.files.length === 0 ? () => 0 : loadCounter(start.encoding));
}
