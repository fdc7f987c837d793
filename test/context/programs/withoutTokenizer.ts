import Module from 'node:module';
import { compact } from '../../../src/lib/task-system/context/ContextCompactor.ts';
import { createTokenCounter } from '../../../src/lib/task-system/context/TokenCounter.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';

/** Counts on a machine that has no tokenizer ("gone") or one that is not what it should be ("other"), and prints what happens. */
const resolve: unknown = Reflect.get(Module, '_resolveFilename');
Reflect.set(Module, '_resolveFilename', (name: string, ...rest: unknown[]): unknown => {
  if (!/(?:o200|cl100)k\.ts$/.test(name)) {
    const found: unknown = typeof resolve === 'function' ? Reflect.apply(resolve, Module, [name, ...rest]) : name;
    return found;
  }
  if (process.argv[2] === 'other') return 'path';
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
});

for (const encoding of ['o200k', 'cl100k'] as const) {
  try {
    createTokenCounter({ encoding }).countText('something');
  } catch (error) {
    if (TaskSystemError.isInstance(error)) console.log(JSON.stringify({ code: error.code, told: error.message.includes('countTokens'), hasCause: error.cause instanceof Error }));
  }
}
const talk = Array.from({ length: 41 }, (_, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content: 'word '.repeat(20) }));
const { report } = await compact(talk, { maxTokens: 500, keepRecent: 0, counter: createTokenCounter({ countTokens: (text) => text.length }) });
console.log(JSON.stringify({ fits: createTokenCounter().fits('small', 10), own: createTokenCounter({ countTokens: (text) => text.length }).countText('four'), dropped: report.dropped }));
