import { onTestFinished } from 'vitest';
import { McpServers } from '../../src/lib/task-system/mcp/McpServers.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { McpChange, McpServerOptions } from '../../src/lib/task-system/types/Mcp.ts';
import type { ToolLike } from '../../src/lib/task-system/types/Tools.ts';
import { makeLogger } from '../core/makers.ts';

/** How long a server may take to start on a busy machine. */
const PATIENCE_MS = 100_000;

/** One server, connected as a system does it, by the name `test`. */
export async function openServer(server: McpServerOptions): Promise<{
  readonly tools: Map<string, ToolLike>;
  readonly changes: McpChange[];
  readonly kinds: () => readonly string[];
  readonly call: (name: string, input?: object, signal?: AbortSignal) => Promise<unknown>;
}> {
  const tools = new Map<string, ToolLike>();
  const changes: McpChange[] = [];
  const { mcp } = parseTaskSystemOptions({ root: '/tmp/x', tasks: {}, mcp: { servers: { test: { connectTimeoutMs: PATIENCE_MS, ...server } }, onChange: (change: McpChange) => { changes.push(change); } } });
  const servers = new McpServers({ options: mcp, logger: makeLogger(), shelf: { put: (name, tool) => { tools.set(name, tool); }, drop: (name) => { tools.delete(name); } } });
  onTestFinished(() => servers.close());
  await servers.open();
  changes.splice(0);
  const call = (name: string, input: object = {}, abortSignal = new AbortController().signal): Promise<unknown> => {
    const execute: unknown = tools.get(`mcp__test__${name}`)?.execute;
    return typeof execute === 'function' ? Promise.resolve(Reflect.apply(execute, undefined, [input, { abortSignal }])) : Promise.reject(new Error(`there is no ${name}`));
  };
  return { tools, changes, call, kinds: () => changes.map(({ kind, tool = '' }) => `${kind} ${tool}`.trim()) };
}
