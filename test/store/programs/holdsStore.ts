import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';

/** Opens the directory it is given, says so, and holds it until it is killed. */
const [, , directory = ''] = process.argv;
await openSqliteStore({ directory, lockTimeoutMs: 0 });
process.stdout.write('open\n');
setInterval(() => {}, 60_000);
