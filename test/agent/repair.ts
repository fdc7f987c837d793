import type { TaskSystemOptions } from '../../src/lib/task-system/types/Options.ts';

/** The key that the model wants. */
export const KEY = 'sk-repair-0b1c2d';

/** What both hosts of the test are: the one that is killed, and the one after it. */
export function repairOptions(root: string, project: string, baseURL: string): TaskSystemOptions {
  const handler = (name: string): URL => new URL(`./handlers/${name}.ts`, import.meta.url);
  return {
    root,
    projects: { shop: { dir: project } },
    models: { default: { baseURL, apiKey: KEY, model: 'scripted' } },
    queue: { maxConcurrent: 2 },
    tasks: {
      repair: { module: handler('repair'), stopGraceMs: 0, policy: { allow: ['fs.*', { tool: 'shell.run', commands: [['node', '--test', '**']] }] } },
      look: { module: handler('look'), policy: { allow: ['fs.search'] } },
    },
  };
}
