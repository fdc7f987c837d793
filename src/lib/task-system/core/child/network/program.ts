import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { PROXY_VARIABLE, readProxyOrder, type ProxyOrder } from '../../../policy/network/ProxyOrder.ts';
import { becomeOwner } from '../becomeOwner.ts';
import { installAgents } from './installAgents.ts';
import { installFetch } from './installFetch.ts';
import { runRelay } from './relay.ts';
import { Tunnels } from './Tunnels.ts';

/*
 * Loaded before everything else in a process whose task may reach some hosts: `fetch`, `http` and `https` take the way through the
 * proxy, and programs that the task starts are told of it by the usual variables. Threads, and processes started with `fork`, load it
 * as well.
 */

/** Enough for passing bytes on. */
const RELAY_MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };
/** A thread takes some 50 ms to start; on a machine that is busy with other things, very much longer. */
const RELAY_START_MS = 30_000;
const OWN_LOOPBACK = 'localhost,127.0.0.1,::1';

if (isRelayOrder(workerData)) {
  runRelay(workerData.relay, workerData.ready);
} else {
  becomeOwner(process);
  install(process);
}

function install({ env }: Pick<NodeJS.Process, 'env'>): void {
  const order = readProxyOrder(env[PROXY_VARIABLE]);
  if (order === undefined) return;
  const relayIsUp = isMainThread && order.mayRelay === true ? start(order, env) : () => undefined;
  const tunnels = new Tunnels(order, env);
  installFetch(tunnels);
  installAgents(tunnels);
  relayIsUp();
}

/** What only the first process of a task does. @returns what waits until that is done. */
function start(order: ProxyOrder, env: NodeJS.ProcessEnv): () => void {
  const url = `http://task:${order.token}@127.0.0.1:${String(order.port)}`;
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) env[name] = url;
  for (const name of ['NO_PROXY', 'no_proxy']) env[name] = OWN_LOOPBACK;
  env['NODE_USE_ENV_PROXY'] = '1';
  env[PROXY_VARIABLE] = JSON.stringify({ ...order, mayRelay: false });
  return order.socket === undefined ? () => undefined : startRelay(order);
}

/** In a thread of its own, so that a program can reach it for which the task waits synchronously. No task begins before it listens. */
function startRelay(relay: ProxyOrder): () => void {
  const ready = new Int32Array(new SharedArrayBuffer(4));
  new Worker(fileURLToPath(import.meta.url), { workerData: { relay, ready }, execArgv: [], env: {}, resourceLimits: RELAY_MEMORY }).unref();
  return () => { Atomics.wait(ready, 0, 0, RELAY_START_MS); };
}

function isRelayOrder(value: unknown): value is { readonly relay: ProxyOrder; readonly ready: Int32Array } {
  return typeof value === 'object' && value !== null && 'relay' in value && 'ready' in value;
}
