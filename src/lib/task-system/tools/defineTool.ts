import type { Tool, ToolSchema } from '../types/Tools.ts';

/**
 * Declares a tool. It changes nothing: it gives `input` of `execute` its type from the schema.
 * Give tools of the task to `defineTask({ tools })` or `tools.wrap`, tools of the host to the option `tools` of `createTaskSystem`.
 */
export function defineTool<Output, const Schema extends ToolSchema | undefined = undefined>(tool: Tool<Schema, Output>): Tool<Schema, Output> {
  return tool;
}
