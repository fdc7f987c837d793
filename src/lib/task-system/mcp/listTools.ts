/** A tool as its server describes it. */
export interface McpTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: object;
  readonly annotations?: object | undefined;
}

/** What tells its tools page by page: a client of the SDK. */
export interface ToolPages {
  listTools(params: { readonly cursor?: string }, options: { readonly timeout: number }): Promise<{ readonly tools: readonly McpTool[]; readonly nextCursor?: string | undefined }>;
}

const MAX_TOOLS = 1_000;
/** A server that tells fewer tools than pages has lost its way: without a bound it would be asked for ever. */
const MAX_PAGES = 1_000;

/** The tools of a server, up to 1,000. @param timeout for each page, in milliseconds. */
export async function listTools(server: ToolPages, timeout: number): Promise<readonly McpTool[]> {
  const tools: McpTool[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES && tools.length < MAX_TOOLS; pages++) {
    const page = await server.listTools(cursor === undefined ? {} : { cursor }, { timeout });
    tools.push(...page.tools);
    cursor = page.nextCursor;
    // A page that was asked for before would bring the same tools again, and lead to itself again.
    if (cursor === undefined || seen.has(cursor)) break;
    seen.add(cursor);
  }
  return tools.slice(0, MAX_TOOLS);
}
