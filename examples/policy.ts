/**
 * A task that may look at its project, write its own workspace and ask one tool of the host, and nothing else. Start it with
 * `node examples/policy.ts`. It works in `.task-system/policy` or the folder that is named.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTaskSystem, defineTool } from 'task-system';

const base = path.resolve(process.argv[2] ?? '.task-system/policy');
const project = path.join(base, 'project');
await rm(project, { recursive: true, force: true });
await mkdir(project, { recursive: true });
await writeFile(path.join(project, 'README.md'), '# Bees\n\nThey dance in eights.\n');
await writeFile(path.join(project, '.env'), 'CRM_KEY=do-not-show-me\n');

const CRM_KEY = 'key-of-the-crm-4711';
const find = defineTool({
  name: 'crm.find',
  description: 'Finds a customer.',
  inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  // Here the key is at hand. Even a careless answer does not give it away: it is registered in `secrets`.
  execute: ({ id }, { task }) => ({ id, name: 'Ada', askedFor: task.project, debug: `called with ${CRM_KEY}` }),
});
const remove = defineTool({ name: 'crm.delete', execute: () => { throw new Error('nobody comes here'); } });

const tasks = await createTaskSystem({
  root: path.join(base, 'root'),
  projects: { bees: { dir: project } },
  tools: [find, remove],
  secrets: [CRM_KEY],
  tasks: {
    survey: {
      module: new URL('./handlers/survey.ts', import.meta.url),
      policy: {
        allow: ['fs.*', 'text.count', 'crm.find'],
        deny: [{ tool: 'fs.*', paths: ['project:**/.env*', '**/.env*'] }],
        limits: { 'crm.*': { maxCalls: 10, timeoutMs: 5_000 } },
        project: 'read',
      },
    },
  },
});

tasks.events.on('task:tool:end', ({ data: { tool, outcome, rule } }) => {
  console.log(`  ${outcome.padEnd(6)} ${tool}${rule === undefined ? '' : ` (${rule})`}`);
});

const handle = await tasks.submit({ type: 'survey', project: 'bees' });
console.log(JSON.stringify(await handle.result()));

const { decision, rule, reason } = tasks.explainPolicy('survey', 'fs.read', { path: 'project:.env' });
console.log(`why: ${decision} by ${rule}: ${reason}`);
await tasks.close();
