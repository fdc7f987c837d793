import { parentPort, workerData } from 'node:worker_threads';
import { serveStore } from './serve.ts';

if (parentPort !== null) await serveStore(parentPort, workerData);
