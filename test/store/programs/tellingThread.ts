import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { serveStore } from '../../../src/lib/task-system/store/sqlite/serve.ts';

/** The thread of a store, which also writes down what it got from its host. */
if (parentPort === null) throw new Error('this is no thread');
await serveStore(parentPort, workerData);
const settings: unknown = workerData;
if (typeof settings === 'object' && settings !== null && 'directory' in settings) {
  writeFileSync(`${String(settings.directory)}/told.json`, JSON.stringify({ env: Object.keys(process.env), execArgv: process.execArgv }));
}
