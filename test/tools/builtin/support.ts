import { Place, runBuiltIn, type BuiltIn } from '../../../src/lib/task-system/tools/builtin/BuiltIn.ts';
import type { JsonObject } from '../../../src/lib/task-system/types/Json.ts';
import type { ToolCallOptions } from '../../../src/lib/task-system/types/Tools.ts';
import { temporaryDirectory, writeFiles } from '../../support/files.ts';

/** What a tool gets beside its input. */
export function callOptions(abortSignal = new AbortController().signal): ToolCallOptions {
  const task = { id: 't', type: 'research', project: 'acme', attempt: 1, metadata: {}, rootId: 't' };
  return { toolCallId: 'c', abortSignal, messages: [], task, onOutput: () => undefined };
}

/** A workspace with some files, and a way to run tools in it. */
export function workspaceWith(files: Readonly<Record<string, string>>): { readonly path: string; readonly run: (tool: BuiltIn, input?: JsonObject, signal?: AbortSignal) => Promise<JsonObject> } {
  const path = temporaryDirectory();
  writeFiles(path, files);
  const place = new Place({ workspace: path });
  return { path, run: (tool, input = {}, signal?: AbortSignal) => runBuiltIn(tool, input, place, callOptions(signal)) };
}
