import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { PROXY_VARIABLE, readProxyOrder, type ProxyOrder } from '../../../policy/network/ProxyOrder.ts';
import { installAgents } from './installAgents.ts';
import { installFetch } from './installFetch.ts';
import { runRelay } from './relay.ts';
import { Tunnels } from './Tunnels.ts';

/*
 * Loaded before everything else in a process whose task may reach some hosts: `fetch`, `http` and `https` take the way through the
 * proxy, and programs that the task starts are told of it by the usual variables. It passes the variable with the order on to nobody:
 * in processes and threads of the task it does nothing.
 */

/** Enough for passing bytes on. */
const RELAY_MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };
const OWN_LOOPBACK = 'localhost,127.0.0.1,::1';

const order = readProxyOrder(isMainThread ? process.env[PROXY_VARIABLE] : undefined);
if (order !== undefined) install(order);
else if (!isMainThread && isRelayOrder(workerData)) runRelay(workerData.relay);

function install(way: ProxyOrder): void {
  Reflect.deleteProperty(process.env, PROXY_VARIABLE);
  tellPrograms(way);
  const tunnels = new Tunnels(way, process.env);
  installFetch(tunnels);
  installAgents(tunnels);
  // In a thread of its own, so that a program can reach it for which the task waits synchronously.
  if (way.socket !== undefined) new Worker(fileURLToPath(import.meta.url), { workerData: { relay: way }, execArgv: [], env: {}, resourceLimits: RELAY_MEMORY }).unref();
}

function tellPrograms({ token, port }: ProxyOrder): void {
  const url = `http://task:${token}@127.0.0.1:${String(port)}`;
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) process.env[name] = url;
  for (const name of ['NO_PROXY', 'no_proxy']) process.env[name] = OWN_LOOPBACK;
  process.env['NODE_USE_ENV_PROXY'] = '1';
}

function isRelayOrder(value: unknown): value is { readonly relay: ProxyOrder } {
  return typeof value === 'object' && value !== null && 'relay' in value;
}
