import * as z from 'zod';
import type { McpAddressOptions, McpChange, McpOptions, McpProgramOptions, McpServerOptions, ResolvedMcp, ResolvedMcpServer } from './Mcp.ts';
import { duration, group, isText, leaf, tiedTo } from './OptionLeaves.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const CALL_TIMEOUT_MS = 60_000;

const timeouts = { connectTimeoutMs: duration(1).exactOptional(), callTimeoutMs: duration(1).exactOptional() };
const text = leaf<string>('a text without NUL', isText);

const address = tiedTo<McpAddressOptions>()(group({
  url: leaf<string>('an address that begins with http:// or https://', (value) => isText(value) && URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)),
  headers: z.record(z.string(), text, { error: 'an object of strings' }).exactOptional(),
  ...timeouts,
}));

const program = tiedTo<McpProgramOptions>()(group({
  command: leaf<string>('a command', (value) => isText(value) && value !== ''),
  args: z.array(text, { error: 'an array of strings' }).readonly().exactOptional(),
  env: z.record(z.string(), text, { error: 'an object of strings' }).exactOptional(),
  ...timeouts,
}));

const serverName = leaf<string>('a name of letters, digits and "-"', (value) => typeof value === 'string' && /^[A-Za-z0-9-]{1,32}$/.test(value));

/** Schema of `McpOptions`. */
export const mcpSchema = tiedTo<McpOptions>()(group({
  servers: z.record(serverName, z.union([address, program]), { error: 'an object of servers' }),
  onChange: leaf<(change: McpChange) => void>('a function', (value) => typeof value === 'function').exactOptional(),
}));

/** Fills in the defaults of servers that were checked. */
export function resolveMcp({ servers, onChange }: McpOptions = { servers: {} }): ResolvedMcp {
  return Object.freeze({
    servers: Object.freeze(Object.entries(servers).map(([name, server]) => resolveServer(name, server))),
    ...(onChange === undefined ? {} : { onChange }),
  });
}

function resolveServer(name: string, server: McpServerOptions): ResolvedMcpServer {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, callTimeoutMs = CALL_TIMEOUT_MS } = server;
  const target = 'url' in server
    ? { url: server.url, headers: Object.freeze({ ...server.headers }) }
    : { command: server.command, args: Object.freeze([...server.args ?? []]), env: Object.freeze({ ...server.env }) };
  return Object.freeze({ name, connectTimeoutMs, callTimeoutMs, target: Object.freeze(target) });
}
