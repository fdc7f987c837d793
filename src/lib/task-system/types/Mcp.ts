/** A server of the Model Context Protocol: a program that is started, or an address. */
export type McpServerOptions = McpProgramOptions | McpAddressOptions;

/** What both kinds of servers have in common. */
export interface McpCommonOptions {
  /** How long connecting and listing may take, in milliseconds. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number;
  /** How long one call may take, in milliseconds. @defaultValue 60_000 */
  readonly callTimeoutMs?: number;
}

/** A server that is a program, spoken to over its standard input and output. It runs beside the host, with the host's rights. */
export interface McpProgramOptions extends McpCommonOptions {
  readonly command: string;
  /** @defaultValue none */
  readonly args?: readonly string[];
  /** Its environment, beside a few harmless variables of the host. @defaultValue none */
  readonly env?: Readonly<Record<string, string>>;
}

/** A server at an address. */
export interface McpAddressOptions extends McpCommonOptions {
  /** Such as `https://example.com/mcp`. */
  readonly url: string;
  /** Sent with every request, such as `authorization`. They never leave the host. @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The option `mcp`. */
export interface McpOptions {
  /** The servers, by names of letters, digits and `-`: their tools are called `mcp__<server>__<tool>`. */
  readonly servers: Readonly<Record<string, McpServerOptions>>;
  /** Hears what changes. A description that changes is worth a look: models do what descriptions say. @defaultValue nobody; the logger is told in any case */
  readonly onChange?: (change: McpChange) => void;
}

/** Something about a server that is not as it was. */
export interface McpChange {
  readonly server: string;
  readonly kind: 'connected' | 'lost' | 'failed' | 'tool-added' | 'tool-removed' | 'tool-changed';
  /** Of a tool: its name, as policies call it. */
  readonly tool?: string;
  /** Of a failure: why. Of a tool that changed: what it says of itself now. */
  readonly detail?: string;
}

/** `McpOptions` after checking, every default filled in. */
export interface ResolvedMcp {
  readonly servers: readonly ResolvedMcpServer[];
  readonly onChange?: (change: McpChange) => void;
}

/** One server. */
export interface ResolvedMcpServer {
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly callTimeoutMs: number;
  readonly target: { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } | { readonly url: string; readonly headers: Readonly<Record<string, string>> };
}
