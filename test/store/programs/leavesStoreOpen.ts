import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { newTaskOf } from './newTaskOf.ts';

/** Stores a task, tells so, and comes to its end without closing anything. */
const [, , directory = ''] = process.argv;
const store = await openSqliteStore({ directory, lockTimeoutMs: 0 });
await store.create(newTaskOf('left'));
process.stdout.write('stored\n');
