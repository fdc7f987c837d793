import { defineTask, defineTool } from 'task-system/task';
import * as z from 'zod';

/** A tool that runs in the task. */
const count = defineTool({
  name: 'text.count',
  description: 'Counts the words of a text.',
  inputSchema: z.object({ text: z.string() }),
  execute: ({ text }) => ({ words: text.split(/\s+/).filter(Boolean).length }),
});

/**
 * Surveys its project as a model would: by calling tools. What is denied comes as an error with a code and a reason, and the task goes
 * on with something else.
 */
export default defineTask({
  tools: [count],
  async run({ tools }) {
    const denied: string[] = [];
    const attempt = async (name: string, input: Readonly<Record<string, unknown>>): Promise<unknown> => {
      try {
        return await tools.call<string>(name, input);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'TOOL_DENIED')) throw error;
        denied.push(name);
        return undefined;
      }
    };

    const { matches } = await tools.call('fs.search', { path: 'project:', glob: '*.md' });
    const { content } = await tools.call('fs.read', { path: 'project:README.md' });
    const words = await tools.call('text.count', { text: content });
    const customer = await tools.call('crm.find', { id: 'c-1' }); // runs in the host, which has the key
    await tools.call('fs.write', { path: 'survey.json', content: JSON.stringify({ words, customer }) });

    await attempt('fs.read', { path: 'project:.env' }); // denied by a rule
    await attempt('fs.write', { path: 'project:README.md', content: '' }); // the project can only be looked at
    await attempt('fs.read', { path: '../../secret' }); // leads out of the workspace
    await attempt('http.fetch', { url: 'https://example.com/' }); // no network
    await attempt('crm.delete', { id: 'c-1' }); // a tool that the policy does not name

    return { pages: matches.map(({ path }) => path), words, customer, denied, mayUse: (await tools.list()).map(({ modelName }) => modelName) };
  },
});
