import { readTool, type ReadTool } from '../tools/readTools.ts';
import type { Logger } from '../types/Ports.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';

/** Connects to the MCP servers of a system, whose tools come and go among those of the host. Nothing is loaded where there are none. */
export async function openMcp({ mcp }: Pick<ResolvedOptions, 'mcp'>, tools: Map<string, ReadTool>, logger: Logger): Promise<{ readonly close: () => Promise<void> } | undefined> {
  if (mcp.servers.length === 0) return undefined;
  const { McpServers } = await import('../mcp/McpServers.ts');
  const servers = new McpServers({
    options: mcp,
    logger,
    shelf: {
      put: (name, tool) => { tools.set(name, readTool(name, tool, 'host')); },
      drop: (name) => { tools.delete(name); },
    },
  });
  await servers.open();
  return servers;
}
