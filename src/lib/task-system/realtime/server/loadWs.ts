import { createRequire } from 'node:module';
import type * as Ws from 'ws';

type WsModule = typeof Ws;

/** Loads `ws`, at the first use and not before: it takes some milliseconds, and most processes never serve a feed. */
export function loadWs(): WsModule {
  const loaded: unknown = createRequire(import.meta.url)('ws');
  if (!isWs(loaded)) throw new TypeError('The package "ws" is not the one that is expected.');
  return loaded;
}

function isWs(value: unknown): value is WsModule {
  return typeof value === 'function' && 'WebSocketServer' in value;
}
