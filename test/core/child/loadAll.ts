import { loadHandler } from '../../../src/lib/task-system/core/child/loadHandler.ts';
import { serializeError } from '../../../src/lib/task-system/types/Errors.ts';

/**
 * A program: loads each handler module that it is given, with Node's own loader (that of the test runner is another one), and
 * prints what came of it, one line of JSON each.
 */
for (const url of process.argv.slice(2)) {
  const line = await loadHandler(url).then(
    async (definition) => ({ result: await Reflect.apply(definition.run, definition, [{}]) }),
    (error: unknown) => ({ error: serializeError(error) }),
  );
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
