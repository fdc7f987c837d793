import { spawn } from 'node:child_process';
import { parentPort } from 'node:worker_threads';
import { serveLaunches } from './serveLaunches.ts';

if (parentPort !== null) serveLaunches(parentPort, spawn);
