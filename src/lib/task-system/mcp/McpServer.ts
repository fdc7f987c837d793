import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { TaskSystemError } from '../types/Errors.ts';
import { isRecord } from '../types/isRecord.ts';
import { parseJson, type JsonObject, type JsonValue } from '../types/Json.ts';
import type { ResolvedMcpServer } from '../types/Mcp.ts';
import { messageOf } from '../types/messageOf.ts';
import { listTools, type McpTool } from './listTools.ts';

/** Who hears of a server. */
export interface McpListener {
  /** All its tools, whenever they may have changed. */
  readonly onTools: (tools: readonly McpTool[]) => void;
  readonly onLost: () => void;
}

const MAX_PROBLEM = 2_000;

/** One server: connected when it is needed, and again when it was lost. */
export class McpServer {
  readonly #settings: ResolvedMcpServer;
  readonly #listener: McpListener;
  #client: Promise<Client> | undefined;
  #isClosed = false;

  constructor(settings: ResolvedMcpServer, listener: McpListener) {
    this.#settings = settings;
    this.#listener = listener;
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Connects, if it is not connected, and tells its tools. @throws TaskSystemError `MCP_UNAVAILABLE`. */
  async connect(): Promise<Client> {
    if (this.#isClosed) throw this.#unavailable(new Error('the system is closing'));
    const connecting = this.#client ??= this.#open();
    try {
      return await connecting;
    } catch (error) {
      if (this.#client === connecting) this.#client = undefined;
      throw this.#unavailable(error);
    }
  }

  /** Calls a tool. @throws TaskSystemError `MCP_UNAVAILABLE`, or `MCP_TOOL_FAILED` with what the tool says. */
  async call(tool: string, input: JsonObject, signal: AbortSignal): Promise<JsonValue> {
    const client = await this.connect();
    const result = await this.#ask(client, () => client.callTool({ name: tool, arguments: { ...input } }, undefined, { signal, timeout: this.#settings.callTimeoutMs }), signal);
    const { isError, structuredContent, content } = isRecord(result) ? result : {};
    if (isError === true) throw new TaskSystemError('MCP_TOOL_FAILED', `${tool} of "${this.name}": ${textOf(content).slice(0, MAX_PROBLEM)}`, { server: this.name, tool });
    return parseJson(JSON.stringify(structuredContent ?? simple(content)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#client?.catch(() => undefined);
    await client?.close().catch(() => undefined);
  }

  async #open(): Promise<Client> {
    const { connectTimeoutMs: timeout } = this.#settings;
    const [{ Client: McpClient }, { ToolListChangedNotificationSchema }, transport] = await Promise.all([
      import('@modelcontextprotocol/sdk/client/index.js'), import('@modelcontextprotocol/sdk/types.js'), openTransport(this.#settings),
    ]);
    const client = new McpClient({ name: 'task-system', version: '1' });
    client.onclose = () => {
      this.#client = undefined;
      if (!this.#isClosed) this.#listener.onLost();
    };
    await client.connect(transport, { timeout });
    client.setNotificationHandler(ToolListChangedNotificationSchema, async () => { this.#listener.onTools(await listTools(client, timeout)); });
    this.#listener.onTools(await listTools(client, timeout));
    return client;
  }

  async #ask<Answer>(client: Client, ask: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // Of a program we hear when it is gone; of an address only that it cannot be reached, or that it knows our session no more.
      if (!isAnswer(error)) await client.close().catch(() => undefined);
      throw this.#unavailable(error);
    }
  }

  #unavailable(cause: unknown): TaskSystemError {
    return new TaskSystemError('MCP_UNAVAILABLE', `"${this.name}": ${messageOf(cause).slice(0, MAX_PROBLEM)}`, { server: this.name });
  }
}

/** Whether it is the server that says no, or that says nothing in time; anything else means that there is no way to it. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'McpError';
}

type McpTransport = Parameters<Client['connect']>[0];

async function openTransport({ target }: ResolvedMcpServer): Promise<McpTransport> {
  if ('command' in target) {
    const { getDefaultEnvironment, StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
    return new StdioClientTransport({ command: target.command, args: [...target.args], env: { ...getDefaultEnvironment(), ...target.env }, stderr: 'ignore' });
  }
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const transport: unknown = new StreamableHTTPClientTransport(new URL(target.url), { requestInit: { headers: { ...target.headers } } });
  if (isTransport(transport)) return transport;
  throw new TaskSystemError('MCP_UNAVAILABLE', 'the SDK has no transport for addresses');
}

/** The SDK's own class and its own interface differ in what may be undefined. */
function isTransport(value: unknown): value is McpTransport {
  return typeof value === 'object' && value !== null && 'send' in value;
}

/** One text is a text; anything else stays as it is. */
function simple(content: unknown): unknown {
  return Array.isArray(content) && content.every((part) => isRecord(part) && part['type'] === 'text') ? textOf(content) : content ?? null;
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('\n');
}
