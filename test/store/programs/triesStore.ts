import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';

/** Opens the directory it is given, in a thread or inline, and tells how that went. */
const [, , directory = '', thread] = process.argv;
try {
  const store = await openSqliteStore({ directory, lockTimeoutMs: 0, thread: thread === 'thread' });
  await store.close();
  process.stdout.write('opened\n');
} catch (error) {
  process.stdout.write(TaskSystemError.isInstance(error) ? `${error.code}\n` : `${String(error)}\n`);
}
