import { createHash } from 'node:crypto';
import { serializeError } from '../types/Errors.ts';
import type { JsonObject } from '../types/Json.ts';
import type { McpChange, ResolvedMcp, ResolvedMcpServer } from '../types/Mcp.ts';
import type { Logger } from '../types/Ports.ts';
import type { ToolCallOptions, ToolLike } from '../types/Tools.ts';
import type { McpTool } from './listTools.ts';
import { McpServer } from './McpServer.ts';

/** Where tools appear and disappear. */
export interface ToolShelf {
  /** @throws when it cannot be used as a tool. */
  readonly put: (name: string, tool: ToolLike) => void;
  readonly drop: (name: string) => void;
}

/** What the servers need of their surroundings. */
export interface McpPorts {
  readonly options: ResolvedMcp;
  readonly shelf: ToolShelf;
  readonly logger: Logger;
}

/** All servers of a system. Their tools are tools of the host: policies decide about them like about any other. */
export class McpServers {
  readonly #ports: McpPorts;
  readonly #servers: readonly McpServer[];
  /** What each tool said of itself, by its name: a hash. */
  readonly #known = new Map<string, string>();

  constructor(ports: McpPorts) {
    this.#ports = ports;
    this.#servers = ports.options.servers.map((settings) => this.#make(settings));
  }

  /** Connects to all; one that does not answer is told of, and tried again when one of its tools is called. */
  async open(): Promise<void> {
    await Promise.all(this.#servers.map(async (server) => {
      try {
        await server.connect();
        this.#tell({ server: server.name, kind: 'connected' });
      } catch (error) {
        this.#tell({ server: server.name, kind: 'failed', detail: serializeError(error).message });
      }
    }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #make(settings: ResolvedMcpServer): McpServer {
    const server: McpServer = new McpServer(settings, {
      onTools: (tools) => { this.#take(server, settings, tools); },
      onLost: () => { this.#tell({ server: settings.name, kind: 'lost' }); },
    });
    return server;
  }

  #take(server: McpServer, settings: ResolvedMcpServer, tools: readonly McpTool[]): void {
    const prefix = `mcp__${settings.name}__`;
    const named = new Map(tools.map((tool) => [`${prefix}${tool.name.replaceAll(/[^\w.:/-]/g, '_')}`, tool]));
    for (const name of this.#known.keys()) {
      if (!name.startsWith(prefix) || named.has(name)) continue;
      this.#known.delete(name);
      this.#ports.shelf.drop(name);
      this.#tell({ server: settings.name, kind: 'tool-removed', tool: name });
    }
    for (const [name, tool] of named) this.#put(server, settings, name, tool);
  }

  #put(server: McpServer, settings: ResolvedMcpServer, name: string, tool: McpTool): void {
    const said = createHash('sha256').update(JSON.stringify([tool.title, tool.description, tool.inputSchema, tool.annotations])).digest('hex');
    const before = this.#known.get(name);
    if (before === said) return;
    try {
      this.#ports.shelf.put(name, {
        name, description: tool.description, inputSchema: tool.inputSchema, timeoutMs: settings.callTimeoutMs, annotations: { title: tool.title, ...tool.annotations },
        execute: (input: JsonObject, { abortSignal }: ToolCallOptions) => server.call(tool.name, input, abortSignal),
      });
    } catch (error) {
      this.#tell({ server: settings.name, kind: 'failed', tool: name, detail: serializeError(error).message });
      return;
    }
    this.#known.set(name, said);
    this.#tell({ server: settings.name, kind: before === undefined ? 'tool-added' : 'tool-changed', tool: name, ...(tool.description === undefined ? {} : { detail: tool.description }) });
  }

  #tell(change: McpChange): void {
    const { logger, options } = this.#ports;
    const level = ['connected', 'tool-added'].includes(change.kind) ? 'info' : 'warn';
    logger[level](`MCP server "${change.server}": ${change.kind}${change.tool === undefined ? '' : ` ${change.tool}`}`, { ...change });
    try {
      options.onChange?.(change);
    } catch (error) {
      logger.error('a listener of MCP changes failed', { error: serializeError(error) });
    }
  }
}
