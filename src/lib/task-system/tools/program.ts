import type { TaskTools, ToolPorts } from '../types/Tools.ts';
import { ToolClient } from './ToolClient.ts';

/** What a task process loads when it first uses a tool: the built-in tools, and the task's side of every call. */
export function createTools(ports: ToolPorts): TaskTools {
  return new ToolClient(ports);
}
