import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { ConnectionOptions } from 'bullmq';

/** A Redis server of our own. */
export interface Redis {
  /** How to connect to it. */
  readonly connection: ConnectionOptions;
  readonly close: () => Promise<void>;
}

/**
 * Starts a Redis server on a Unix socket: the fastest way to talk to it. It writes nothing to disk while a benchmark runs, so it
 * promises less than the task system does. Undefined where Redis is not installed.
 */
export async function startRedis(directory: string): Promise<Redis | undefined> {
  const socket = path.join(directory, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', directory, '--loglevel', 'notice'];
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
  const isThere = await Promise.race([
    once(server, 'spawn').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  if (!isThere) return undefined;
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    if (String(chunk).includes('eady to accept connections')) break;
  }
  server.stdout.resume();
  return {
    connection: { path: socket, maxRetriesPerRequest: null },
    close: async () => {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
      await rm(socket, { force: true });
    },
  };
}
