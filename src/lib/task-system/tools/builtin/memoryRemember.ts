import { textOf, type BuiltIn } from './BuiltIn.ts';
import type { ToolPorts } from '../../types/Tools.ts';

/** Says what the memory of the project shall keep; the same as `context.remember` of a handler. */
export function memoryRemember(call: ToolPorts['call']): BuiltIn {
  return {
    name: 'memory.remember',
    description: 'Says what the project shall remember of this task: a finding or a decision that later tasks need, in a sentence or two. Written when the task has completed.',
    inputSchema: {
      type: 'object', required: ['text'], additionalProperties: false,
      properties: {
        text: { type: 'string', minLength: 1, maxLength: 400 },
        files: { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 1_024 }, description: 'Files that it is about.' },
      },
    },
    annotations: { title: 'Remember', readOnlyHint: false, openWorldHint: false },
    async run(input) {
      const { files } = input;
      await call('remember', { text: textOf(input['text']), ...(files === undefined ? {} : { files }) });
      return { remembered: true };
    },
  };
}
